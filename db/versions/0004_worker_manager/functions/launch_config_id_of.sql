-- launch_config_id_of: read, worker_manager, since version 4
-- The id of a launch config: the given one, or one made of its content. It is made as Taskcluster does, so that a pool which
-- moves here keeps its ids.
create or replace function launch_config_id_of(worker_pool_id_in text, configuration_in text, worker_manager_in text)
returns text language sql immutable parallel safe as $$
  select coalesce(worker_manager_in::jsonb ->> 'launchConfigId',
    'lc-' || left(md5(worker_pool_id_in || configuration_in::jsonb::text), 20))
$$;
