-- provision_status: read, provisioner, since version 4
-- What people see of the provisioning of a worker pool: what its next decision would be made from (provision_views), what
-- is paused, when machines that boot were asked for first, circuit breakers of its launch configs and its provider, and
-- its latest decision that was kept. No row: there is no such pool.
create or replace function provision_status(pool_in text, now_in timestamptz)
returns table (
  worker_pool_id text, provider_id text, min_capacity int, max_capacity int, pending bigint, oldest_pending timestamptz, claimed bigint,
  boot_seconds double precision, workers jsonb, ledger jsonb, launch_configs jsonb, paused_until timestamptz, pause_reason text,
  provision_at timestamptz, booting_since timestamptz, breakers jsonb, decided_at timestamptz, decision text
) language sql stable as $$
  select v.worker_pool_id, v.provider_id, v.min_capacity, v.max_capacity, v.pending, v.oldest_pending, v.claimed, v.boot_seconds,
    v.workers, v.ledger,
    (select coalesce(jsonb_agg(jsonb_build_object('launch_config_id', g.launch_config_id, 'is_archived', g.is_archived,
       'capacity_per_instance', g.capacity_per_instance, 'initial_weight', g.initial_weight, 'max_capacity', g.max_capacity,
       'paused_until', case when g.paused_until > now_in then g.paused_until end, 'pause_reason', g.pause_reason) order by g.position), '[]')
     from launch_config g where g.worker_pool_id = p.worker_pool_id and not g.is_archived),
    case when p.paused_until > now_in then p.paused_until end, p.pause_reason, p.provision_at,
    least(
      (select min(l.created) from launch l where l.worker_pool_id = p.worker_pool_id and l.state < launch_state_settled()),
      (select min(w.created) from pool_worker w where w.worker_pool_id = p.worker_pool_id and w.state = worker_state_requested())),
    (select coalesce(jsonb_agg(to_jsonb(b) order by b.scope, b.key), '[]') from circuit_breaker b
     where (b.scope = 'launch-config' and starts_with(b.key, p.worker_pool_id || ' '))
       or (b.scope in ('offering', 'quota') and starts_with(b.key, p.provider_id || ' '))
       or (b.scope = 'provider' and b.key = p.provider_id)),
    d.at, d.decision
  from worker_pool p
  cross join lateral provision_views(array[p.worker_pool_id], now_in) v
  left join lateral (
    select x.at, x.decision from provision_decision x where x.worker_pool_id = p.worker_pool_id order by x.at desc limit 1) d on true
  where p.worker_pool_id = pool_in
$$;
