-- rerun_task: write, queue, since version 1
-- Appends a run to a task that has ended or was never scheduled, and gives the retries back as far as 50 runs allow.
-- Outcome 0 nothing to do, 1 a run was made, 2 no such task, 5 its deadline has passed, 6 it has 50 runs.
create or replace function rerun_task(task_id_in uuid, trace_in text, now_in timestamptz)
returns setof task_answer language plpgsql as $$
declare
  t task;
  outcome smallint;
begin
  select * into t from task where task.task_id = task_id_in for update;
  outcome := case
    when not found then 2
    when t.deadline < now_in then 5
    when t.state in (1, 2) then 0
    when t.run_id >= 49 then 6
    else 1 end;
  if outcome = 1 then
    perform start_run(task_id_in, 3::smallint, least(t.retries, 50 - (t.run_id + 1) - 1)::smallint, trace_in, now_in);
  end if;
  return query select * from task_answers(array[1], array[outcome], array[task_id_in], false);
end $$;
