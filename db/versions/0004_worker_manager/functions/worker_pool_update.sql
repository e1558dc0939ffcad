-- worker_pool_update: write, worker_manager, since version 4
-- Replaces a worker pool. No row: there is none. clash: the launch config for which nothing was written. The provider of before
-- keeps managing its workers as a previous one; null_provider_id_in has none.
create or replace function worker_pool_update(
  worker_pool_id_in text, provider_id_in text, null_provider_id_in text, description_in text, owner_in text,
  email_on_error_in boolean, config_in text, min_capacity_in int, max_capacity_in int, scaling_ratio_in double precision,
  provision_at_in timestamptz, configurations_in text[], worker_managers_in text[], capacities_in int[],
  weights_in double precision[], max_capacities_in int[], by_in text, now_in timestamptz
) returns table (clash text) language plpgsql as $$
declare
  before worker_pool;
begin
  -- The pool's row is the lock of its launch configs, here and for decisions.
  select * into before from worker_pool p where p.worker_pool_id = worker_pool_id_in for update;
  if not found then
    return;
  end if;
  clash := launch_configs_clash(worker_pool_id_in, configurations_in, worker_managers_in);
  if clash is not null then
    return next;
    return;
  end if;
  update worker_pool p set
    previous_provider_ids = array(
      select distinct x from unnest(p.previous_provider_ids || p.provider_id) x where x not in (provider_id_in, null_provider_id_in) order by x),
    provider_id = provider_id_in, description = description_in, owner = owner_in, email_on_error = email_on_error_in,
    config = config_in, min_capacity = min_capacity_in, max_capacity = max_capacity_in, scaling_ratio = scaling_ratio_in,
    last_modified = now_in, provision_at = provision_at_in
  where p.worker_pool_id = worker_pool_id_in;
  perform write_launch_configs(worker_pool_id_in, provider_id_in, configurations_in, worker_managers_in, capacities_in, weights_in,
    max_capacities_in, now_in);
  perform emit_worker_pool_event('worker-pool-updated', worker_pool_id_in, provider_id_in, before.provider_id, now_in);
  insert into audit_history (entity_type, entity_id, client_id, action_type, created)
  values ('worker-pool', worker_pool_id_in, by_in, 'updated', now_in);
  return next;
end $$;
