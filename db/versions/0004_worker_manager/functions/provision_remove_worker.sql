-- provision_remove_worker: write, provisioner, since version 4
-- A worker, whose row the caller has locked, is to be stopped: its runs get another try at once. How many runs were ended.
create or replace function provision_remove_worker(worker_in pool_worker, reason_in text, now_in timestamptz) returns bigint language plpgsql as $$
declare
  ended bigint;
begin
  update pool_worker o set state = worker_state_stopping(), reason = reason_in, last_modified = now_in, sealed_secret = null
  where o.worker_pool_id = worker_in.worker_pool_id and o.worker_group = worker_in.worker_group and o.worker_id = worker_in.worker_id;
  perform emit_pool_worker_event('worker-removed', worker_in, reason_in, now_in);
  select r.count into ended from retire_worker(worker_in.worker_pool_id, worker_in.worker_group, worker_in.worker_id, now_in) r where r.task_queue_id is null;
  return ended;
end $$;
