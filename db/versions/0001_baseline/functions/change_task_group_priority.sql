-- change_task_group_priority: write, queue, since version 1
-- Gives every task of a group that was never resolved and is before its deadline this priority; the tasks that had
-- another.
create or replace function change_task_group_priority(task_group_id_in uuid, priority_in smallint, trace_in text, now_in timestamptz)
returns setof uuid language plpgsql as $$
declare
  changed uuid[];
begin
  -- In the order of the ids, as everybody locks tasks.
  changed := array(select t.task_id from task t where t.task_group_id = task_group_id_in and t.resolved_run < 0 and t.deadline > now_in
                   and t.priority <> priority_in order by t.task_id for update);
  perform move_priority(changed, priority_in);
  perform emit_group_event(event_task_group_priority_changed(), task_group_id_in, trace_in,
    jsonb_build_object('new_priority', priority_in, 'tasks_affected', cardinality(changed)), now_in);
  return query select unnest(changed);
end $$;
