-- provision_offerings: read, provisioner, since version 4
-- What is known of these offerings now. Those of which nothing is known are left out.
create or replace function provision_offerings(
  providers_in text[], regions_in text[], instance_types_in text[], markets_in text[], now_in timestamptz
) returns table (
  provider_id text, region text, instance_type text, market text, price double precision, price_at timestamptz,
  launched double precision, boot_failed double precision, interrupted double precision, machine_hours double precision, boot_seconds double precision
) language sql stable as $$
  select o.provider_id, o.region, o.instance_type, o.market, o.price, o.price_at, o.launched * w.left_of_it, o.boot_failed * w.left_of_it,
    o.interrupted * w.left_of_it, o.machine_hours * w.left_of_it, o.boot_seconds * w.left_of_it
  from (select distinct * from unnest(providers_in, regions_in, instance_types_in, markets_in) u(provider_id, region, instance_type, market)) k
  join offering o using (provider_id, region, instance_type, market)
  cross join lateral (select offering_weight(o.weight_at, now_in) as left_of_it) w
$$;
