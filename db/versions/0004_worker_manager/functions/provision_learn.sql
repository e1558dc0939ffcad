-- provision_learn: write, provisioner, since version 4
-- Adds what happened to machines of launches to what is known of their offerings. A launch that the ledger has forgotten teaches
-- nothing. Only spot machines are interrupted: others that are gone have failed.
create or replace function provision_learn(events_in jsonb, now_in timestamptz) returns void language sql as $$
  insert into offering as o (provider_id, region, instance_type, market, launched, boot_failed, interrupted, machine_hours, boot_seconds, weight_at)
  select l.provider_id, l.region, l.instance_type, l.market, coalesce(sum(e.launched), 0), coalesce(sum(e.boot_failed), 0),
    coalesce(sum(e.interrupted) filter (where l.market = 'spot'), 0), coalesce(sum(e.machine_hours), 0), coalesce(sum(e.boot_seconds), 0), now_in
  from jsonb_to_recordset(events_in) as e(launch_id uuid, launched double precision, boot_failed double precision,
    interrupted double precision, machine_hours double precision, boot_seconds double precision)
  join launch l on l.launch_id = e.launch_id group by 1, 2, 3, 4 order by 1, 2, 3, 4 -- in the order of the keys, as everybody locks offerings
  on conflict (provider_id, region, instance_type, market) do update set
    launched = o.launched * offering_weight(o.weight_at, now_in) + excluded.launched,
    boot_failed = o.boot_failed * offering_weight(o.weight_at, now_in) + excluded.boot_failed,
    interrupted = o.interrupted * offering_weight(o.weight_at, now_in) + excluded.interrupted,
    machine_hours = o.machine_hours * offering_weight(o.weight_at, now_in) + excluded.machine_hours,
    boot_seconds = o.boot_seconds * offering_weight(o.weight_at, now_in) + excluded.boot_seconds,
    weight_at = greatest(o.weight_at, excluded.weight_at)
$$;
