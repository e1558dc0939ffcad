-- github_reports_of_group: read, github, since version 8
-- The reports about a task group.
create or replace function github_reports_of_group(task_group_id_in uuid, page_size_in int) returns setof github_report language sql stable as $$
  select * from github_report r where r.task_group_id = task_group_id_in order by r.seq limit page_size_in
$$;
