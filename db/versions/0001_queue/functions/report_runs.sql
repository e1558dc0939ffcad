-- report_runs: write, queue, since version 1
-- What workers report of their runs: states 3 completed, 4 failed, 5 exception with a reason. One answer per report:
-- outcome 0 done (or done before), 2 no such task, 3 no such run, 4 the run is in another state. Rows of outcome 9 come
-- before: the queues in which tasks became pending (task_queue_id) and how many did (place).
create or replace function report_runs(
  task_ids_in uuid[], run_ids_in smallint[], states_in smallint[], reasons_in smallint[], traces_in text[], now_in timestamptz
) returns setof task_answer language plpgsql as $$
declare
  running uuid[]; states smallint[]; reasons smallint[]; traces text[];
  places int[] := array(select generate_series(1, cardinality(task_ids_in)));
  outcomes smallint[];
  woken task_answer;
begin
  perform 1 from task t where t.task_id = any(task_ids_in) order by t.task_id for update;
  select array_agg(t.task_id), array_agg(u.state), array_agg(u.reason), array_agg(traces_in[u.i])
  into running, states, reasons, traces
  from unnest(task_ids_in, run_ids_in, states_in, reasons_in) with ordinality u(task_id, run_id, state, reason, i)
  join task t on t.task_id = u.task_id where t.state = 2 and t.run_id = u.run_id;

  if running is not null then
    woken.outcome := 9;
    for woken.task_queue_id, woken.place in select e.task_queue_id, sum(e.count) from end_runs(running, states, reasons, traces, now_in) e group by 1 loop
      return next woken;
    end loop;
  end if;

  outcomes := array(
    select case
      when t.task_id is null then 2
      when u.run_id > t.run_id or u.run_id < 0 then 3
      when t.run_id = u.run_id and t.state = u.state and t.reason_resolved = u.reason then 0
      when u.state = 5 and t.run_id = u.run_id + 1 and exists (
        select 1 from task_run_past p where p.task_id = t.task_id and p.run_id = u.run_id and p.state = 5 and p.reason_resolved = u.reason) then 0
      else 4 end
    from unnest(task_ids_in, run_ids_in, states_in, reasons_in) with ordinality u(task_id, run_id, state, reason, i)
    left join task t on t.task_id = u.task_id order by u.i);
  return query select * from task_answers(places, outcomes, task_ids_in, false);
end $$;
