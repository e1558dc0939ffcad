-- worker_pool_error_counts: read, worker_manager, since version 4
-- How many errors were reported, of one pool or of all: the most frequent of each kind of count. what: total, day, hour, title,
-- code, pool or launch config; days and hours are counted from now, 0 being the present one.
create or replace function worker_pool_error_counts(worker_pool_id_in text, page_size_in int, now_in timestamptz)
returns table (what text, key text, count bigint) language sql stable as $$
  with recent as (
    select e.*, e.extra::jsonb ->> 'code' as code,
      floor(extract(epoch from now_in - e.reported) / 86400)::int as day, floor(extract(epoch from now_in - e.reported) / 3600)::int as hour
    from worker_pool_error e
    where (worker_pool_id_in is null or e.worker_pool_id = worker_pool_id_in) and e.reported > now_in - interval '7 days' and e.reported <= now_in)
  select 'total', '', count(*) from recent
  union all select 'day', day::text, count(*) from recent group by day
  union all select 'hour', hour::text, count(*) from recent where hour < 24 group by hour
  union all (select 'title', title, count(*) from recent group by title order by 3 desc, 2 limit page_size_in)
  union all (select 'code', code, count(*) from recent where code is not null group by code order by 3 desc, 2 limit page_size_in)
  union all (select 'pool', worker_pool_id, count(*) from recent group by worker_pool_id order by 3 desc, 2 limit page_size_in)
  union all (select 'launch config', launch_config_id, count(*) from recent where launch_config_id is not null
    group by launch_config_id order by 3 desc, 2 limit page_size_in)
$$;
