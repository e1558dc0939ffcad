-- group_snapshot: read, queue, since version 7
-- All tasks of a group with their definitions, for a view of the whole group at once.
create or replace function group_snapshot(task_group_id_in uuid)
returns table (task_id uuid, state smallint, reason_resolved smallint, priority smallint, run_id smallint, task_queue_id text,
               scheduled timestamptz, started timestamptz, resolved timestamptz, body text) language sql stable as $$
  select t.task_id, t.state, t.reason_resolved, t.priority, t.run_id, t.task_queue_id, t.scheduled, t.started, t.resolved, d.body
  from task t join task_definition d on d.task_id = t.task_id where t.task_group_id = task_group_id_in order by t.task_id
$$;
