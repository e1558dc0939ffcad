-- provision_lock: write, provisioner, since version 4
-- Locks worker pools that are due for a decision until the transaction ends, the longest due first. Those that another process
-- decides about just now are skipped, so the caller never waits.
create or replace function provision_lock(limit_in int, now_in timestamptz) returns setof text language sql as $$
  select p.worker_pool_id from worker_pool p
  where p.provision_at <= now_in and p.min_capacity is not null
  order by p.provision_at limit limit_in for update skip locked
$$;
