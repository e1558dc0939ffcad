-- rerun_task: write, queue, since version 1
-- Appends a run to a task that is resolved or was never scheduled, and gives the retries back as far as max_runs allows.
-- Outcome: done (nothing to do), done_now (a run was made), no_such_task, too_late (after its deadline), refused (it has
-- max_runs runs).
create or replace function rerun_task(task_id_in uuid, trace_in text, now_in timestamptz)
returns setof task_result language plpgsql as $$
declare
  t task;
  outcome smallint;
begin
  select * into t from task where task.task_id = task_id_in for update;
  outcome := case
    when not found then outcome_no_such_task()
    when t.deadline < now_in then outcome_too_late()
    when t.state in (task_state_pending(), task_state_running()) then outcome_done()
    when t.run_id >= max_runs() - 1 then outcome_refused()
    else outcome_done_now() end;
  if outcome = outcome_done_now() then
    perform start_run(task_id_in, reason_created_rerun(), least(t.retries, max_runs() - (t.run_id + 1) - 1)::smallint, trace_in, now_in);
  end if;
  return query select * from task_results(array[1], array[outcome], array[task_id_in], false);
end $$;
