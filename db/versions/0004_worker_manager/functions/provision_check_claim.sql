-- provision_check_claim: write, provisioner, since version 4
-- Takes workers of a provider that are due for a look at their machines, the longest due first; nobody else takes them before
-- until_in. busy_in: regions that are being looked at just now.
create or replace function provision_check_claim(
  provider_in text, busy_in text[], limit_in int, until_in timestamptz, now_in timestamptz
) returns table (worker_pool_id text, worker_group text, worker_id text, region text) language sql as $$
  with due as (
    select w.worker_pool_id, w.worker_group, w.worker_id, coalesce(l.region, w.worker_group) as region
    from pool_worker w left join launch l on l.launch_id = w.launch_id
    where w.provider_id = provider_in and w.check_at <= now_in and w.state < 3::smallint -- not stopped; as the index says it
      and coalesce(l.region, w.worker_group) <> all(busy_in)
    order by w.check_at limit limit_in for update of w skip locked
  )
  update pool_worker w set check_at = until_in from due d
  where w.worker_pool_id = d.worker_pool_id and w.worker_group = d.worker_group and w.worker_id = d.worker_id
  returning w.worker_pool_id, w.worker_group, w.worker_id, d.region
$$;
