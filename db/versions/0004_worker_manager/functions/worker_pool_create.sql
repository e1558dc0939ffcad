-- worker_pool_create: write, worker_manager, since version 4
-- Creates a worker pool. fresh: this call made it. same: it is as given, also where it was there before. clash: the launch
-- config for which nothing was written.
create or replace function worker_pool_create(
  worker_pool_id_in text, provider_id_in text, description_in text, owner_in text, email_on_error_in boolean, config_in text,
  min_capacity_in int, max_capacity_in int, scaling_ratio_in double precision, provision_at_in timestamptz,
  configurations_in text[], worker_managers_in text[], capacities_in int[], weights_in double precision[],
  max_capacities_in int[], by_in text, now_in timestamptz
) returns table (fresh boolean, same boolean, clash text) language plpgsql as $$
begin
  insert into worker_pool (worker_pool_id, provider_id, description, owner, email_on_error, config, min_capacity, max_capacity,
    scaling_ratio, created, last_modified, provision_at)
  values (worker_pool_id_in, provider_id_in, description_in, owner_in, email_on_error_in, config_in, min_capacity_in,
    max_capacity_in, scaling_ratio_in, now_in, now_in, provision_at_in)
  on conflict do nothing;
  fresh := found;
  if not fresh then
    same := exists (
      select from worker_pool p where p.worker_pool_id = worker_pool_id_in and p.provider_id = provider_id_in
        and p.description = description_in and p.owner = owner_in and p.email_on_error = email_on_error_in and p.config = config_in
      for share)
      and not exists (
        (select launch_config_id_of(worker_pool_id_in, u.c, u.m), u.c, u.m from unnest(configurations_in, worker_managers_in) u(c, m)
         except select l.launch_config_id, l.configuration, l.worker_manager from launch_config l
         where l.worker_pool_id = worker_pool_id_in and not l.is_archived)
        union all
        (select l.launch_config_id, l.configuration, l.worker_manager from launch_config l
         where l.worker_pool_id = worker_pool_id_in and not l.is_archived
         except select launch_config_id_of(worker_pool_id_in, u.c, u.m), u.c, u.m
         from unnest(configurations_in, worker_managers_in) u(c, m)));
    return next;
    return;
  end if;
  clash := launch_configs_clash(worker_pool_id_in, configurations_in, worker_managers_in);
  if clash is not null then
    delete from worker_pool p where p.worker_pool_id = worker_pool_id_in;
    fresh := false;
    same := false;
    return next;
    return;
  end if;
  same := true;
  perform write_launch_configs(worker_pool_id_in, provider_id_in, configurations_in, worker_managers_in, capacities_in, weights_in,
    max_capacities_in, now_in);
  perform emit_worker_pool_event('worker-pool-created', worker_pool_id_in, provider_id_in, null, now_in);
  insert into audit_history (entity_type, entity_id, client_id, action_type, created)
  values ('worker-pool', worker_pool_id_in, by_in, 'created', now_in);
  return next;
end $$;
