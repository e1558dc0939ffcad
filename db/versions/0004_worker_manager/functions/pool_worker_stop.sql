-- pool_worker_stop: write, worker_manager, since version 4
-- A worker without a machine to stop is stopped; nothing is published. False: there is no such worker. A repeat changes nothing.
create or replace function pool_worker_stop(worker_pool_id_in text, worker_group_in text, worker_id_in text, reason_in text, now_in timestamptz)
returns boolean language plpgsql as $$
begin
  update pool_worker w set state = worker_state_stopped(), reason = reason_in, last_modified = now_in, check_at = null, sealed_secret = null
  where w.worker_pool_id = worker_pool_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in
    and w.state <> worker_state_stopped();
  return found or exists (
    select from pool_worker w
    where w.worker_pool_id = worker_pool_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in);
end $$;
