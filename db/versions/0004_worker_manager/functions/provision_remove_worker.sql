-- provision_remove_worker: write, provisioner, since version 4
-- A worker, whose row the caller has locked, is to be stopped: worker-removed says why, and its runs end as worker-shutdown, to
-- be tried again. First row: how many runs were ended, queue null; further rows: queues in which tasks became pending.
create or replace function provision_remove_worker(worker_in pool_worker, reason_in text, now_in timestamptz)
returns table (task_queue_id text, count bigint) language plpgsql as $$
begin
  update pool_worker o set state = worker_state_stopping(), reason = reason_in, last_modified = now_in, check_at = now_in, sealed_secret = null
  where o.worker_pool_id = worker_in.worker_pool_id and o.worker_group = worker_in.worker_group and o.worker_id = worker_in.worker_id;
  perform emit_pool_worker_event('worker-removed', worker_in, reason_in, now_in);
  return query select * from retire_worker(worker_in.worker_pool_id, worker_in.worker_group, worker_in.worker_id, now_in);
end $$;
