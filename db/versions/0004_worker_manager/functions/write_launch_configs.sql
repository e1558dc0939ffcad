-- write_launch_configs: write, worker_manager, since version 4
-- Makes these the launch configs of a pool, whose row the caller has locked, and emits an event for each that is new, given
-- again, or archived. Of two with the same id the later one counts.
create or replace function write_launch_configs(
  worker_pool_id_in text, provider_id_in text, configurations_in text[], worker_managers_in text[], capacities_in int[],
  weights_in double precision[], max_capacities_in int[], now_in timestamptz
) returns void language plpgsql as $$
declare
  ids text[] := array(
    select launch_config_id_of(worker_pool_id_in, u.configuration, u.worker_manager)
    from unnest(configurations_in, worker_managers_in) with ordinality u(configuration, worker_manager, n) order by u.n);
  id text;
  fresh boolean;
begin
  for id in
    update launch_config l set is_archived = true, last_modified = now_in
    where l.worker_pool_id = worker_pool_id_in and not l.is_archived and l.launch_config_id <> all(ids)
    returning l.launch_config_id
  loop
    perform emit_launch_config_event('launch-config-archived', worker_pool_id_in, provider_id_in, id, now_in);
  end loop;
  for id, fresh in
    insert into launch_config as l (worker_pool_id, launch_config_id, is_archived, configuration, worker_manager,
      capacity_per_instance, initial_weight, max_capacity, created, last_modified, position)
    select distinct on (u.id) worker_pool_id_in, u.id, false, u.configuration, u.worker_manager, u.capacity, u.weight,
      u.max_capacity, now_in, now_in, u.n
    from unnest(ids, configurations_in, worker_managers_in, capacities_in, weights_in, max_capacities_in)
      with ordinality u(id, configuration, worker_manager, capacity, weight, max_capacity, n)
    order by u.id, u.n desc
    on conflict (worker_pool_id, launch_config_id) do update set
      is_archived = false, worker_manager = excluded.worker_manager, capacity_per_instance = excluded.capacity_per_instance,
      initial_weight = excluded.initial_weight, max_capacity = excluded.max_capacity, last_modified = now_in,
      position = excluded.position
    -- A row that was updated carries the mark of the transaction that locked it.
    returning l.launch_config_id, l.xmax = 0
  loop
    perform emit_launch_config_event(case when fresh then 'launch-config-created' else 'launch-config-updated' end,
      worker_pool_id_in, provider_id_in, id, now_in);
  end loop;
end $$;
