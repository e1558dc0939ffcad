-- pool_worker_counts: read, worker_manager, since version 4
-- The workers of a pool, counted by state.
create or replace function pool_worker_counts(worker_pool_id_in text)
returns table (
  requested_count bigint, running_count bigint, stopping_count bigint, stopped_count bigint,
  requested_capacity bigint, running_capacity bigint, stopping_capacity bigint, stopped_capacity bigint
) language sql stable as $$
  select count(*) filter (where w.state = worker_state_requested()), count(*) filter (where w.state = worker_state_running()),
    count(*) filter (where w.state = worker_state_stopping()), count(*) filter (where w.state = worker_state_stopped()),
    coalesce(sum(w.capacity) filter (where w.state = worker_state_requested()), 0),
    coalesce(sum(w.capacity) filter (where w.state = worker_state_running()), 0),
    coalesce(sum(w.capacity) filter (where w.state = worker_state_stopping()), 0),
    coalesce(sum(w.capacity) filter (where w.state = worker_state_stopped()), 0)
  from pool_worker w where w.worker_pool_id = worker_pool_id_in
$$;
