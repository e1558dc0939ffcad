-- worker_pool_delete: write, worker_manager, since version 4
-- Gives a worker pool to the null provider and archives its launch configs. Its row stays until no worker is left. False: there
-- is none. A repeat changes nothing.
create or replace function worker_pool_delete(worker_pool_id_in text, null_provider_id_in text, by_in text, now_in timestamptz)
returns boolean language plpgsql as $$
declare
  before worker_pool;
begin
  select * into before from worker_pool p where p.worker_pool_id = worker_pool_id_in for update;
  if not found then
    return false;
  end if;
  if before.provider_id = null_provider_id_in then
    return true;
  end if;
  update worker_pool p set
    previous_provider_ids = array(select distinct x from unnest(p.previous_provider_ids || p.provider_id) x order by x),
    provider_id = null_provider_id_in, last_modified = now_in, provision_at = null
  where p.worker_pool_id = worker_pool_id_in;
  perform write_launch_configs(worker_pool_id_in, null_provider_id_in, '{}', '{}', '{}', '{}', '{}', now_in);
  perform emit_worker_pool_event('worker-pool-updated', worker_pool_id_in, null_provider_id_in, before.provider_id, now_in);
  insert into audit_history (entity_type, entity_id, client_id, action_type, created)
  values ('worker-pool', worker_pool_id_in, by_in, 'deleted', now_in);
  return true;
end $$;
