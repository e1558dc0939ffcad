-- worker_pool_errors_get: read, worker_manager, since version 4
-- Errors of a pool, newest first, after the given one: all, one, or of one launch config.
create or replace function worker_pool_errors_get(
  worker_pool_id_in text, error_id_in uuid, launch_config_id_in text, after_reported_in timestamptz, after_id_in uuid, page_size_in int
) returns setof worker_pool_error language sql stable as $$
  select * from worker_pool_error e where e.worker_pool_id = worker_pool_id_in
    and (error_id_in is null or e.error_id = error_id_in)
    and (launch_config_id_in is null or e.launch_config_id = launch_config_id_in)
    and (after_reported_in is null or (e.reported, e.error_id) < (after_reported_in, after_id_in))
  order by e.reported desc, e.error_id desc limit page_size_in
$$;
