-- provision_decided: write, provisioner, since version 4
-- Stores decisions in the transaction that has locked their pools and buckets: launches go into the ledger, and from the
-- commit on they count as supply. A decision is kept when it launches or is limited otherwise than the one before.
create or replace function provision_decided(decided_in jsonb, spent_in jsonb, now_in timestamptz) returns void language plpgsql as $$
declare
  d record;
begin
  for d in select * from jsonb_to_recordset(decided_in) as r(
    worker_pool_id text, next_at timestamptz, decision jsonb, launches jsonb)
  loop
    update worker_pool p set provision_at = d.next_at where p.worker_pool_id = d.worker_pool_id;
    insert into launch (launch_id, worker_pool_id, launch_config_id, provider_id, region, state, instances, capacity, created, since, request,
      instance_type, market)
    select l.launch_id, d.worker_pool_id, l.launch_config_id, l.provider_id, l.region, launch_state_planned(), l.instances, l.capacity,
      now_in, now_in, l.request::text, l.instance_type, l.market
    from jsonb_to_recordset(d.launches) as l(
      launch_id uuid, launch_config_id text, provider_id text, region text, instances int, capacity int, request jsonb,
      instance_type text, market text);
    if jsonb_array_length(d.launches) > 0 or (d.decision -> 'limited_by') is distinct from coalesce((
      select o.decision::jsonb -> 'limited_by' from provision_decision o
      where o.worker_pool_id = d.worker_pool_id order by o.at desc limit 1), '[]')
    then
      insert into provision_decision as o (worker_pool_id, at, decision) values (d.worker_pool_id, now_in, d.decision::text)
      on conflict (worker_pool_id, at) do update set decision = excluded.decision;
    end if;
  end loop;
  update rate_bucket b set tokens = b.tokens - s.spent
  from jsonb_to_recordset(spent_in) as s(name text, spent double precision) where b.name = s.name;
end $$;
