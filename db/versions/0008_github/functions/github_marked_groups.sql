-- github_marked_groups: read, github, since version 8
-- Groups of builds that are marked to be cancelled, the oldest first.
create or replace function github_marked_groups(page_size_in int) returns setof uuid language sql stable as $$
  select b.task_group_id from github_build b where b.cancel_due order by b.seq limit page_size_in
$$;
