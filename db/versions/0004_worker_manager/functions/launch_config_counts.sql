-- launch_config_counts: read, worker_manager, since version 4
-- The workers of a pool, counted by launch config and state. Launch configs without workers are listed unless archived;
-- launch_config_id is null for workers without one.
create or replace function launch_config_counts(worker_pool_id_in text)
returns table (
  launch_config_id text, requested_count bigint, running_count bigint, stopping_count bigint, stopped_count bigint,
  requested_capacity bigint, running_capacity bigint, stopping_capacity bigint, stopped_capacity bigint
) language sql stable as $$
  select x.id, count(*) filter (where x.state = worker_state_requested()), count(*) filter (where x.state = worker_state_running()),
    count(*) filter (where x.state = worker_state_stopping()), count(*) filter (where x.state = worker_state_stopped()),
    coalesce(sum(x.capacity) filter (where x.state = worker_state_requested()), 0),
    coalesce(sum(x.capacity) filter (where x.state = worker_state_running()), 0),
    coalesce(sum(x.capacity) filter (where x.state = worker_state_stopping()), 0),
    coalesce(sum(x.capacity) filter (where x.state = worker_state_stopped()), 0)
  from (
    select w.launch_config_id as id, w.state, w.capacity from pool_worker w where w.worker_pool_id = worker_pool_id_in
    union all
    select l.launch_config_id, null, null from launch_config l where l.worker_pool_id = worker_pool_id_in and not l.is_archived) x
  group by x.id order by x.id nulls last
$$;
