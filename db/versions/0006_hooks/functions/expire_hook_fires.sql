-- expire_hook_fires: write, hooks, since version 6
-- Deletes fires that have expired, at most page_size_in; how many.
create or replace function expire_hook_fires(page_size_in int, now_in timestamptz) returns int language plpgsql as $$
declare
  n int;
begin
  delete from hook_fire f where f.ctid = any(array(select x.ctid from hook_fire x where x.expires < now_in limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  return n;
end $$;
