-- launch_configs_get: read, worker_manager, since version 4
-- Launch configs of a pool after the given one, in order of their ids; or one.
create or replace function launch_configs_get(
  worker_pool_id_in text, launch_config_id_in text, with_archived_in boolean, after_in text, page_size_in int
) returns setof launch_config language sql stable as $$
  select * from launch_config l where l.worker_pool_id = worker_pool_id_in and (with_archived_in or not l.is_archived)
    and (launch_config_id_in is null or l.launch_config_id = launch_config_id_in) and (after_in is null or l.launch_config_id > after_in)
  order by l.launch_config_id limit page_size_in
$$;
