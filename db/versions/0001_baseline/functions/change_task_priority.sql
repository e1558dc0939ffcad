-- change_task_priority: write, queue, since version 1
-- Outcome 0 changed, 2 no such task, 5 its deadline has passed, 6 it was resolved once, 7 it has that priority.
create or replace function change_task_priority(task_id_in uuid, priority_in smallint, words_in jsonb, trace_in text, now_in timestamptz)
returns setof task_answer language plpgsql as $$
declare
  t task;
  outcome smallint;
begin
  select * into t from task where task.task_id = task_id_in for update;
  outcome := case
    when t.deadline <= now_in then 5
    when t.resolved_run >= 0 then 6
    when t.priority = priority_in then 7
    else 0 end;
  if outcome = 0 and t.task_id is not null then
    perform move_priority(array[task_id_in], priority_in);
    perform emit_task_events(8::smallint, array[task_id_in], array[null::smallint], array[trace_in],
      jsonb_build_object('oldPriority', words_in -> (t.priority - 1), 'newPriority', words_in -> (priority_in - 1)), now_in);
  end if;
  return query select * from task_answers(array[1], array[outcome], array[task_id_in], false);
end $$;
