-- push_tasks_add: write, treeherder, since version 1
-- Records to which pushes tasks belong. Safe to repeat.
create or replace function push_tasks_add(projects_in text[], revisions_in text[], task_ids_in uuid[], expires_in timestamptz[])
returns void language sql as $$
  insert into push_task (project, revision, task_id, expires)
  select distinct on (u.project, u.revision, u.task_id) u.project, u.revision, u.task_id, u.expires
  from unnest(projects_in, revisions_in, task_ids_in, expires_in) u(project, revision, task_id, expires)
  order by u.project, u.revision, u.task_id
  on conflict do nothing
$$;
