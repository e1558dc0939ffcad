-- worker_pools_get: read, worker_manager, since version 4
-- Worker pools after the given one, or one: its row, its launch configs in their order (configurations and what they say to
-- worker-manager), and its workers counted by state.
create or replace function worker_pools_get(worker_pool_id_in text, after_in text, page_size_in int)
returns table (
  worker_pool_id text, provider_id text, previous_provider_ids text[], description text, owner text, email_on_error boolean,
  config text, created timestamptz, last_modified timestamptz, configurations text[], worker_managers text[],
  requested_count bigint, running_count bigint, stopping_count bigint, stopped_count bigint,
  requested_capacity bigint, running_capacity bigint, stopping_capacity bigint, stopped_capacity bigint
) language sql stable as $$
  select p.worker_pool_id, p.provider_id, p.previous_provider_ids, p.description, p.owner, p.email_on_error, p.config, p.created,
    p.last_modified, c.configurations, c.worker_managers, w.requested_count, w.running_count, w.stopping_count, w.stopped_count,
    w.requested_capacity, w.running_capacity, w.stopping_capacity, w.stopped_capacity
  from (
    select * from worker_pool x
    where (worker_pool_id_in is null or x.worker_pool_id = worker_pool_id_in) and (after_in is null or x.worker_pool_id > after_in)
    order by x.worker_pool_id limit page_size_in) p
  cross join lateral (
    select coalesce(array_agg(l.configuration order by l.position), '{}') as configurations,
           coalesce(array_agg(l.worker_manager order by l.position), '{}') as worker_managers
    from launch_config l where l.worker_pool_id = p.worker_pool_id and not l.is_archived) c
  cross join lateral pool_worker_counts(p.worker_pool_id) w
  order by p.worker_pool_id
$$;
