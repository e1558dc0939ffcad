-- launch_claim: write, provisioner, since version 4
-- Takes launches of a provider, the oldest first, with a lease: until it ends nobody else takes them. `unsure`: it may have been
-- carried out, so its machines are looked for first. A launch whose launcher's lease ended is such a one. None is taken so late
-- that its call could still be under way when it is given up. busy_in: regions that have enough calls under way.
create or replace function launch_claim(
  provider_in text, busy_in text[], limit_in int, lease_until_in timestamptz, unknown_since_in timestamptz, now_in timestamptz
) returns table (
  launch_id uuid, worker_pool_id text, launch_config_id text, region text, instances int, capacity int, attempts int,
  unsure boolean, created timestamptz, request text
) language sql as $$
  with due as (
    select l.launch_id, l.state <> launch_state_planned() as unsure from launch l
    where l.provider_id = provider_in and l.state < launch_state_settled() and l.region <> all(busy_in)
      and (l.leased_until is null or l.leased_until <= now_in)
      and (l.state <> launch_state_unknown() or l.since > unknown_since_in)
    order by l.since limit limit_in for update skip locked
  )
  update launch l set state = case when d.unsure then launch_state_unknown() else launch_state_calling() end,
    since = case when l.state = launch_state_unknown() then l.since else now_in end,
    attempts = l.attempts + 1, leased_until = lease_until_in
  from due d where l.launch_id = d.launch_id
  returning l.launch_id, l.worker_pool_id, l.launch_config_id, l.region, l.instances, l.capacity, l.attempts, d.unsure, l.created, l.request
$$;
