-- cache_purges: read, purge_cache, since version 1
-- Requests that have not expired: of a pool since a time, or (both null) of all; in order of pool and cache, after the given ones.
create or replace function cache_purges(
  worker_pool_id_in text, since_in timestamptz, after_pool_in text, after_cache_in text, page_size_in int, now_in timestamptz
) returns setof cache_purge language sql stable as $$
  select * from cache_purge p
  where p.expires > now_in and (worker_pool_id_in is null or p.worker_pool_id = worker_pool_id_in)
    and (since_in is null or p.before >= since_in)
    and (after_pool_in is null or (p.worker_pool_id, p.cache_name) > (after_pool_in, after_cache_in))
  order by p.worker_pool_id, p.cache_name limit page_size_in
$$;
