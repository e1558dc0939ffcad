-- provision_views: read, provisioner, since version 4
-- What decisions about these worker pools are made from, a row each. One statement, so that a launch that is being settled is
-- seen either in the ledger or as its workers. claimed_elsewhere: claims of workers that are no supply.
create or replace function provision_views(pools_in text[], now_in timestamptz)
returns table (
  worker_pool_id text, provider_id text, owner text, config text, min_capacity int, max_capacity int,
  scaling_ratio double precision, is_paused boolean, pending bigint, oldest_pending timestamptz, claimed bigint,
  claimed_elsewhere bigint, boot_seconds double precision, workers jsonb, ledger jsonb, launch_configs jsonb
) language sql stable as $$
  with tasks as (
    select p.task_queue_id, count(*) as pending, min(p.inserted) as oldest from pending p
    where p.task_queue_id = any(pools_in) and p.deadline > now_in group by 1
  ), claims as (
    -- One pass over the claims: they are found by task only.
    select c.task_queue_id, count(*) as claimed,
      count(*) filter (where w.worker_id is null or q.quarantine_until > now_in) as elsewhere
    from claim c join task t on t.task_id = c.task_id and t.run_id = c.run_id
    left join pool_worker w on w.worker_pool_id = c.task_queue_id and w.worker_group = t.worker_group and w.worker_id = t.worker_id
      and w.state in (worker_state_requested(), worker_state_running())
    left join worker q on q.task_queue_id = c.task_queue_id and q.worker_group = t.worker_group and q.worker_id = t.worker_id
    where c.task_queue_id = any(pools_in) and c.taken_until > now_in group by 1
  ), supply as (
    select w.worker_pool_id, w.launch_config_id, w.state, coalesce(q.quarantine_until > now_in, false) as is_quarantined,
      count(*) as workers, sum(w.capacity) as capacity
    from pool_worker w left join worker q
      on q.task_queue_id = w.worker_pool_id and q.worker_group = w.worker_group and q.worker_id = w.worker_id
    where w.worker_pool_id = any(pools_in) and w.state < worker_state_stopped() group by 1, 2, 3, 4
  ), errors as (
    select e.worker_pool_id, e.launch_config_id, count(*) as errors from worker_pool_error e
    where e.worker_pool_id = any(pools_in) and e.reported > now_in - interval '1 hour' group by 1, 2
  )
  select p.worker_pool_id, p.provider_id, p.owner, p.config, p.min_capacity, p.max_capacity, p.scaling_ratio,
    coalesce(p.paused_until > now_in, false), coalesce(t.pending, 0), t.oldest, coalesce(c.claimed, 0), coalesce(c.elsewhere, 0),
    (select percentile_cont(0.5) within group (order by extract(epoch from b.registered - b.created)::double precision)
     from (select w.registered, w.created from pool_worker w
           where w.worker_pool_id = p.worker_pool_id and w.registered is not null and w.launch_id is not null
           order by w.registered desc limit 50) b),
    (select coalesce(jsonb_agg(to_jsonb(s) - 'worker_pool_id'), '[]') from supply s where s.worker_pool_id = p.worker_pool_id),
    (select coalesce(jsonb_agg(jsonb_build_object('launch_config_id', l.launch_config_id, 'state', l.state,
       'instances', l.instances, 'capacity', l.capacity, 'since', l.since)), '[]')
     from launch l where l.worker_pool_id = p.worker_pool_id and l.state < launch_state_settled()),
    (select coalesce(jsonb_agg(jsonb_build_object('launch_config_id', g.launch_config_id, 'configuration', g.configuration,
       'capacity_per_instance', g.capacity_per_instance, 'initial_weight', g.initial_weight, 'max_capacity', g.max_capacity,
       'is_paused', coalesce(g.paused_until > now_in, false), 'errors', coalesce(e.errors, 0)) order by g.launch_config_id), '[]')
     from launch_config g left join errors e on e.worker_pool_id = g.worker_pool_id and e.launch_config_id = g.launch_config_id
     where g.worker_pool_id = p.worker_pool_id and not g.is_archived)
  from worker_pool p left join tasks t on t.task_queue_id = p.worker_pool_id
  left join claims c on c.task_queue_id = p.worker_pool_id
  where p.worker_pool_id = any(pools_in) order by p.worker_pool_id
$$;
