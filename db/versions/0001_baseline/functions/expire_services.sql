-- expire_services: write, index, since version 1
-- Deletes index entries, namespaces, secrets and purge requests that have expired, at most page_size_in of each kind; how
-- many of the most frequent kind.
create or replace function expire_services(page_size_in int, now_in timestamptz) returns int language plpgsql as $$
declare
  most int;
  n int;
begin
  delete from indexed_task t where t.ctid = any(array(select x.ctid from indexed_task x where x.expires < now_in limit page_size_in for update skip locked));
  get diagnostics most = row_count;
  delete from index_namespace t where t.ctid = any(array(select x.ctid from index_namespace x where x.expires < now_in limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  most := greatest(most, n);
  delete from secret t where t.ctid = any(array(select x.ctid from secret x where x.expires < now_in limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  most := greatest(most, n);
  delete from cache_purge t where t.ctid = any(array(select x.ctid from cache_purge x where x.expires < now_in limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  return greatest(most, n);
end $$;
