-- schedule_task: write, queue, since version 1
-- Makes an unscheduled task pending whatever its dependencies. Outcome 0 it has a run (1: that was made now), 2 no such task,
-- 5 its deadline has passed.
create or replace function schedule_task(task_id_in uuid, trace_in text, now_in timestamptz)
returns setof task_answer language plpgsql as $$
declare
  t task;
  outcome smallint;
begin
  select * into t from task where task.task_id = task_id_in for update;
  outcome := case when t.deadline < now_in then 5 when t.state = 0 then 1 else 0 end;
  if outcome = 1 then
    perform start_run(task_id_in, 0::smallint, t.retries_left, trace_in, now_in);
  end if;
  return query select * from task_answers(array[1], array[outcome], array[task_id_in], false);
end $$;
