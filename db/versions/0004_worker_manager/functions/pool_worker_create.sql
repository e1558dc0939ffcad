-- pool_worker_create: write, worker_manager, since version 4
-- Creates a running worker of a pool that is with this provider now. made: by this call; otherwise the worker existed before. No
-- row: the pool is gone, or with another provider.
create or replace function pool_worker_create(
  worker_pool_id_in text, worker_group_in text, worker_id_in text, provider_id_in text, capacity_in int, expires_in timestamptz,
  provider_data_in jsonb, lifecycle_in jsonb, now_in timestamptz
) returns table (made boolean) language plpgsql as $$
begin
  -- Shared, so that the pool is not given to another provider between look and insert.
  perform from worker_pool p where p.worker_pool_id = worker_pool_id_in and p.provider_id = provider_id_in for share;
  if not found then
    return;
  end if;
  insert into pool_worker (worker_pool_id, worker_group, worker_id, provider_id, state, capacity, created, expires,
    last_modified, last_checked, provider_data, lifecycle)
  values (worker_pool_id_in, worker_group_in, worker_id_in, provider_id_in, worker_state_running(), capacity_in, now_in,
    expires_in, now_in, now_in, provider_data_in, lifecycle_in)
  on conflict do nothing;
  made := found;
  return next;
end $$;
