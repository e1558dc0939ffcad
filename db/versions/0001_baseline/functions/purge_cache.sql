-- purge_cache: write, purge_cache, since version 1
-- Asks workers of a pool to delete a cache as it is now. Of two requests the later time counts, whichever is written last.
-- Kept for a day.
create or replace function purge_cache(worker_pool_id_in text, cache_name_in text, now_in timestamptz) returns void language sql as $$
  insert into cache_purge as c (worker_pool_id, cache_name, before, expires) values (worker_pool_id_in, cache_name_in, now_in, now_in + interval '1 day')
  on conflict (worker_pool_id, cache_name) do update
  set before = greatest(c.before, excluded.before), expires = greatest(c.expires, excluded.expires)
$$;
