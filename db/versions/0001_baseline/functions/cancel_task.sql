-- cancel_task: write, queue, since version 1
-- Ends an unresolved task as canceled. Outcome 0 it has ended (now or before), 2 no such task, 5 its deadline has passed. Rows of
-- outcome 9 come before, as from report_runs.
create or replace function cancel_task(task_id_in uuid, trace_in text, now_in timestamptz)
returns setof task_answer language plpgsql as $$
declare
  t task;
  outcome smallint;
  woken task_answer;
begin
  select * into t from task where task.task_id = task_id_in for update;
  outcome := case when t.deadline < now_in then 5 else 0 end;
  if outcome = 0 and t.state < 3 then
    woken.outcome := 9;
    for woken.task_queue_id, woken.place in
      select e.task_queue_id, e.count from end_runs(array[task_id_in], array[5::smallint], array[8::smallint], array[trace_in], now_in) e
    loop
      return next woken;
    end loop;
  end if;
  return query select * from task_answers(array[1], array[outcome], array[task_id_in], false);
end $$;
