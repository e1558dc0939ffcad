-- pool_workers_get: read, worker_manager, since version 4
-- Workers of a pool after the given one, in order of group and id: all, of one group, or one; of one launch config; in one state.
create or replace function pool_workers_get(
  worker_pool_id_in text, worker_group_in text, worker_id_in text, launch_config_id_in text, state_in smallint,
  after_group_in text, after_id_in text, page_size_in int
) returns setof pool_worker language sql stable as $$
  select * from pool_worker w where w.worker_pool_id = worker_pool_id_in
    and (worker_group_in is null or w.worker_group = worker_group_in) and (worker_id_in is null or w.worker_id = worker_id_in)
    and (launch_config_id_in is null or w.launch_config_id = launch_config_id_in) and (state_in is null or w.state = state_in)
    and (after_group_in is null or (w.worker_group, w.worker_id) > (after_group_in, after_id_in))
  order by w.worker_group, w.worker_id limit page_size_in
$$;
