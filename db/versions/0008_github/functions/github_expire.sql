-- github_expire: write, github, since version 8
-- Deletes deliveries that were received before deliveries_in, and builds and reports from before builds_in: at most page_size_in
-- of each; how many of the most frequent kind. What waits stays.
create or replace function github_expire(
  deliveries_in timestamptz, builds_in timestamptz, page_size_in int
) returns int language plpgsql as $$
declare
  most int;
  n int;
begin
  delete from github_delivery t where t.ctid = any(array(
    select x.ctid from github_delivery x where x.received < deliveries_in and x.state <> delivery_state_waiting()
    limit page_size_in for update skip locked));
  get diagnostics most = row_count;
  delete from github_build t where t.ctid = any(array(
    select x.ctid from github_build x where x.created < builds_in and x.state <> build_state_pending() and not x.cancel_due
    limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  most := greatest(most, n);
  delete from github_report t where t.ctid = any(array(
    select x.ctid from github_report x where x.changed < builds_in limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  return greatest(most, n);
end $$;
