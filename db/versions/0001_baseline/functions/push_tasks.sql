-- push_tasks: read, treeherder, since version 1
-- Tasks of a push in order of their ids, at most page_size_in after the given one.
create or replace function push_tasks(project_in text, revision_in text, after_in uuid, page_size_in int) returns setof uuid
language sql stable as $$
  select p.task_id from push_task p
  where p.project = project_in and p.revision = revision_in and (after_in is null or p.task_id > after_in)
  order by p.task_id limit page_size_in
$$;
