-- github_builds_of_groups: read, github, since version 8
-- The builds with these task groups; other groups are of other origin.
create or replace function github_builds_of_groups(task_group_ids_in uuid[]) returns setof github_build language sql stable as $$
  select * from github_build b where b.task_group_id = any(task_group_ids_in)
$$;
