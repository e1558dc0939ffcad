-- change_task_group_priority: write, queue, since version 1
-- Gives every task of a group that was never resolved and is before its deadline this priority; answers those that had another.
create or replace function change_task_group_priority(task_group_id_in uuid, priority_in smallint, word_in text, trace_in text, now_in timestamptz)
returns setof uuid language plpgsql as $$
declare
  changed uuid[];
begin
  changed := array(select t.task_id from task t where t.task_group_id = task_group_id_in and t.resolved_run < 0 and t.deadline > now_in
                   and t.priority <> priority_in order by t.task_id for update);
  perform move_priority(changed, priority_in);
  perform emit_group_event(11::smallint, task_group_id_in, trace_in,
    jsonb_build_object('newPriority', word_in, 'tasksAffected', cardinality(changed)), now_in);
  return query select unnest(changed);
end $$;
