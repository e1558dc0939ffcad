-- provision_totals: read, provisioner, since version 4
-- Sums over all worker pools, for metrics: pending and claimed tasks, capacity of workers by state, machines of open launches, open circuit breakers by scope,
-- and tokens of the buckets that are not a single pool's, as they were when they were last used.
create or replace function provision_totals(now_in timestamptz) returns table (what text, label text, value double precision) language sql stable as $$
  select 'demand', 'pending', count(*) from pending q where q.deadline > now_in
    and exists (select from worker_pool p where p.worker_pool_id = q.task_queue_id and p.min_capacity is not null)
  union all
  select 'demand', 'claimed', count(*) from claim c where c.taken_until > now_in
    and exists (select from worker_pool p where p.worker_pool_id = c.task_queue_id and p.min_capacity is not null)
  union all
  select 'supply', s.label, coalesce(sum(w.capacity), 0)
  from (values ('requested', worker_state_requested()), ('running', worker_state_running()), ('stopping', worker_state_stopping())) s(label, state)
  left join pool_worker w on w.state = s.state and w.launch_id is not null group by s.label
  union all
  select 'supply', 'launching', coalesce(sum(l.capacity), 0) from launch l where l.state < 3::smallint -- not settled or failed; as the index says it
  union all
  select 'breakers', s.scope, count(b.key)
  from (values ('launch-config'), ('offering'), ('quota'), ('provider')) s(scope)
  left join circuit_breaker b on b.scope = s.scope and (b.state -> 'state' -> 'open' ->> 'until')::timestamptz > now_in group by s.scope
  union all
  select 'tokens', b.name, greatest(b.tokens, 0) from rate_bucket b where not starts_with(b.name, 'pool ')
$$;
