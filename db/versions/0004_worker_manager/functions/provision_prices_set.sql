-- provision_prices_set: write, provisioner, since version 4
-- Stores prices of what a provider sells in a region, by instance type and market.
create or replace function provision_prices_set(provider_in text, region_in text, prices_in jsonb, now_in timestamptz) returns void language sql as $$
  insert into offering as o (provider_id, region, instance_type, market, price, price_at, weight_at)
  select provider_in, region_in, p.instance_type, p.market, p.price, now_in, now_in
  from jsonb_to_recordset(prices_in) as p(instance_type text, market text, price double precision)
  order by p.instance_type, p.market -- in the order of the keys, as everybody locks offerings
  on conflict (provider_id, region, instance_type, market) do update set price = excluded.price, price_at = excluded.price_at
$$;
