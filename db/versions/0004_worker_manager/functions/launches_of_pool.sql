-- launches_of_pool: read, provisioner, since version 4
-- The launches of a worker pool after the given one, the newest first.
create or replace function launches_of_pool(pool_in text, after_created_in timestamptz, after_id_in uuid, limit_in int)
returns table (
  launch_id uuid, launch_config_id text, provider_id text, region text, state smallint, instances int, capacity int,
  created timestamptz, since timestamptz, attempts int, failure_class text, result text
) language sql stable as $$
  select l.launch_id, l.launch_config_id, l.provider_id, l.region, l.state, l.instances, l.capacity, l.created, l.since, l.attempts,
    l.failure_class, l.result
  from launch l where l.worker_pool_id = pool_in
    and (after_created_in is null or (l.created, l.launch_id) < (after_created_in, after_id_in))
  order by l.created desc, l.launch_id desc limit limit_in
$$;
