-- pool_worker_reregister: write, worker_manager, since version 4
-- Gives a running worker another secret for the one it had. No row: somebody used that one first, or the worker no longer runs.
create or replace function pool_worker_reregister(
  worker_pool_id_in text, worker_group_in text, worker_id_in text, old_secret_in jsonb, sealed_secret_in jsonb,
  terminate_after_in timestamptz, now_in timestamptz
) returns setof pool_worker language sql as $$
  update pool_worker w set sealed_secret = sealed_secret_in, terminate_after = terminate_after_in, last_modified = now_in
  where w.worker_pool_id = worker_pool_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in
    and w.state = worker_state_running() and w.expires > now_in and w.sealed_secret = old_secret_in
  returning *
$$;
