-- expire_services: write, index, since version 4
-- Deletes index entries, namespaces, secrets and purge requests that have expired, at most so many of each; how many entries.
create or replace function expire_services(page_size_in int, now_in timestamptz) returns int language plpgsql as $$
declare
  n int;
begin
  delete from indexed_task t where t.ctid = any(array(select x.ctid from indexed_task x where x.expires < now_in limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  delete from index_namespace t where t.ctid = any(array(select x.ctid from index_namespace x where x.expires < now_in limit page_size_in for update skip locked));
  delete from secret s where s.expires < now_in;
  delete from cache_purge p where p.expires < now_in;
  return n;
end $$;
