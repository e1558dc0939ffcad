-- schedule_task: write, queue, since version 1
-- Makes an unscheduled task pending whatever its dependencies. Outcome: done (it has a run), done_now (the run was made now),
-- no_such_task, too_late (after its deadline).
create or replace function schedule_task(task_id_in uuid, trace_in text, now_in timestamptz)
returns setof task_result language plpgsql as $$
declare
  t task;
  outcome smallint;
begin
  select * into t from task where task.task_id = task_id_in for update;
  outcome := case
    when t.deadline < now_in then outcome_too_late()
    when t.state = task_state_unscheduled() then outcome_done_now()
    else outcome_done() end;
  if outcome = outcome_done_now() then
    perform start_run(task_id_in, reason_created_scheduled(), t.retries_left, trace_in, now_in);
  end if;
  return query select * from task_results(array[1], array[outcome], array[task_id_in], false);
end $$;
