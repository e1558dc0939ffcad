-- cancel_task: write, queue, since version 1
-- Ends an unresolved task as canceled. Outcome: done (now or before), no_such_task, too_late (after its deadline).
-- Rows of outcome newly_pending come first, as from report_runs.
create or replace function cancel_task(task_id_in uuid, trace_in text, now_in timestamptz)
returns setof task_result language plpgsql as $$
declare
  t task;
  outcome smallint;
  newly_pending task_result;
begin
  -- The lock orders this before or after whoever claims or reports a run of the task.
  select * into t from task where task.task_id = task_id_in for update;
  outcome := case when t.deadline < now_in then outcome_too_late() else outcome_done() end;
  if outcome = outcome_done() and not is_resolved(t.state) then
    newly_pending.outcome := outcome_newly_pending();
    for newly_pending.task_queue_id, newly_pending.place in
      select e.task_queue_id, e.count
      from end_runs(array[task_id_in], array[task_state_exception()], array[reason_resolved_canceled()], array[trace_in], now_in) e
    loop
      return next newly_pending;
    end loop;
  end if;
  return query select * from task_results(array[1], array[outcome], array[task_id_in], false);
end $$;
