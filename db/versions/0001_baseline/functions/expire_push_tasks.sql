-- expire_push_tasks: write, treeherder, since version 1
-- Deletes the push tasks that expired before a time, at most page_size_in. How many.
create or replace function expire_push_tasks(before_in timestamptz, page_size_in int) returns int language sql as $$
  with gone as (
    delete from push_task where ctid = any(array(
      select x.ctid from push_task x where x.expires < before_in limit page_size_in for update skip locked))
    returning 1)
  select count(*)::int from gone
$$;
