-- pool_worker_remove: write, worker_manager, since version 4
-- Has the provider stop a worker: it is due for its provider now, its runs end as worker-shutdown, and worker-removed says why.
-- No row: there is no such worker. First row: how many runs were ended, queue null; further rows: queues in which tasks became
-- pending. A worker that is stopping already is only due again.
create or replace function pool_worker_remove(worker_pool_id_in text, worker_group_in text, worker_id_in text, reason_in text, now_in timestamptz)
returns table (task_queue_id text, count bigint) language plpgsql as $$
declare
  it pool_worker;
begin
  select * into it from pool_worker w
  where w.worker_pool_id = worker_pool_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in for update;
  if not found then
    return;
  end if;
  if it.state in (worker_state_requested(), worker_state_running()) then
    return query select * from provision_remove_worker(it, reason_in, now_in);
  else
    update pool_worker w set check_at = now_in
    where w.worker_pool_id = worker_pool_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in
      and w.state = worker_state_stopping();
    task_queue_id := null; count := 0;
    return next;
  end if;
end $$;
