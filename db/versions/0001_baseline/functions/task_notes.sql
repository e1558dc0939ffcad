-- task_notes: read, queue, since version 1
-- All notes about a task, in order of their sources.
create or replace function task_notes(task_id_in uuid) returns setof task_note language sql stable as $$
  select * from task_note n where n.task_id = task_id_in order by n.source
$$;
