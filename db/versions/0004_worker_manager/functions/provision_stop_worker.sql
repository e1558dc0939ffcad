-- provision_stop_worker: write, provisioner, since version 4
-- The machine of a worker, whose row the caller has locked, is gone: the worker is stopped, and its runs get another try. How many runs
-- were ended.
create or replace function provision_stop_worker(worker_in pool_worker, now_in timestamptz) returns bigint language plpgsql as $$
declare
  ended bigint;
begin
  update pool_worker o set state = worker_state_stopped(), last_modified = now_in, last_checked = now_in, check_at = null
  where o.worker_pool_id = worker_in.worker_pool_id and o.worker_group = worker_in.worker_group and o.worker_id = worker_in.worker_id;
  perform emit_pool_worker_event('worker-stopped', worker_in, null, now_in);
  select r.count into ended from retire_worker(worker_in.worker_pool_id, worker_in.worker_group, worker_in.worker_id, now_in) r where r.task_queue_id is null;
  return ended;
end $$;
