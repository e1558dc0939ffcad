-- task_group_get: read, queue, since version 1
-- One group.
create or replace function task_group_get(task_group_id_in uuid) returns setof task_group language sql stable as $$
  select * from task_group g where g.task_group_id = task_group_id_in
$$;
