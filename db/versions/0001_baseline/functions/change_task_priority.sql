-- change_task_priority: write, queue, since version 1
-- Outcome: done, no_such_task, too_late (after its deadline), refused (it was resolved once), unchanged.
create or replace function change_task_priority(task_id_in uuid, priority_in smallint, trace_in text, now_in timestamptz)
returns setof task_result language plpgsql as $$
declare
  t task;
  outcome smallint;
begin
  select * into t from task where task.task_id = task_id_in for update;
  outcome := case
    when t.deadline <= now_in then outcome_too_late()
    when t.resolved_run >= 0 then outcome_refused()
    when t.priority = priority_in then outcome_unchanged()
    else outcome_done() end;
  if outcome = outcome_done() and t.task_id is not null then
    perform move_priority(array[task_id_in], priority_in);
    perform emit_task_events(event_task_priority_changed(), array[task_id_in], array[null::smallint], array[trace_in],
      jsonb_build_object('old_priority', t.priority, 'new_priority', priority_in), now_in);
  end if;
  return query select * from task_results(array[1], array[outcome], array[task_id_in], false);
end $$;
