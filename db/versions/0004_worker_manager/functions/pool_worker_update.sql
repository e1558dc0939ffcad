-- pool_worker_update: write, worker_manager, since version 4
-- Replaces expiry, capacity and what a worker's proof of identity is compared with. No row: there is no such worker of this
-- provider.
create or replace function pool_worker_update(
  worker_pool_id_in text, worker_group_in text, worker_id_in text, provider_id_in text, capacity_in int, expires_in timestamptz,
  provider_data_in jsonb, now_in timestamptz
) returns setof pool_worker language sql as $$
  update pool_worker w set capacity = capacity_in, expires = expires_in, provider_data = provider_data_in, last_modified = now_in
  where w.worker_pool_id = worker_pool_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in
    and w.provider_id = provider_id_in
  returning *
$$;
