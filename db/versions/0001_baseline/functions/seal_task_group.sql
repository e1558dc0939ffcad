-- seal_task_group: write, queue, since version 1
-- Seals a group; the first time is kept. Waits for creations that are under way in it.
create or replace function seal_task_group(task_group_id_in uuid, trace_in text, now_in timestamptz) returns setof task_group language plpgsql as $$
begin
  -- create_tasks holds this lock shared: its tasks are in the group before it is sealed, or are refused after.
  perform pg_advisory_xact_lock(lock_task_group(), hashtext(task_group_id_in::text));
  update task_group g set sealed = now_in where g.task_group_id = task_group_id_in and g.sealed is null;
  perform emit_group_event(event_task_group_sealed(), task_group_id_in, trace_in, null, now_in);
  return query select * from task_group g where g.task_group_id = task_group_id_in;
end $$;
