-- report_runs: write, queue, since version 1
-- What workers report of their runs: completed, failed, or exception with a reason. One row per report. Outcome: done (now or
-- before), no_such_task, no_such_run, other_state. Rows of outcome newly_pending come first: the queues in which tasks became
-- pending (task_queue_id) and how many did (place).
create or replace function report_runs(
  task_ids_in uuid[], run_ids_in smallint[], states_in smallint[], reasons_in smallint[], traces_in text[], now_in timestamptz
) returns setof task_result language plpgsql as $$
declare
  running uuid[]; states smallint[]; reasons smallint[]; traces text[];
  places int[] := array(select generate_series(1, cardinality(task_ids_in)));
  newly_pending task_result;
begin
  -- Locked in the order of the ids; a run that is not running any more is judged below, from what was committed.
  select array_agg(t.task_id), array_agg(u.state), array_agg(u.reason), array_agg(traces_in[u.i])
  into running, states, reasons, traces
  from (select t.task_id, t.state, t.run_id from task t where t.task_id = any(task_ids_in) order by t.task_id for update) t
  join unnest(task_ids_in, run_ids_in, states_in, reasons_in) with ordinality u(task_id, run_id, state, reason, i)
    on u.task_id = t.task_id and u.run_id = t.run_id
  where t.state = task_state_running();

  if running is not null then
    newly_pending.outcome := outcome_newly_pending();
    for newly_pending.task_queue_id, newly_pending.place in select e.task_queue_id, sum(e.count) from end_runs(running, states, reasons, traces, now_in) e group by 1 loop
      return next newly_pending;
    end loop;
  end if;

  return query
  select a.place,
         case
           when a.outcome = outcome_no_such_task() then outcome_no_such_task()
           when u.run_id > a.run_id or u.run_id < 0 then outcome_no_such_run()
           when a.run_id = u.run_id and a.state = u.state and a.reason_resolved = u.reason then outcome_done()
           when u.state = task_state_exception() and a.run_id = u.run_id + 1 and exists (
             select 1 from task_run_past p where p.task_id = a.task_id and p.run_id = u.run_id and p.state = task_state_exception()
               and p.reason_resolved = u.reason) then outcome_done()
           else outcome_other_state()
         end,
         a.task_id, a.task_group_id, a.task_queue_id, a.scheduler_id, a.project_id, a.priority, a.retries_left, a.deadline, a.expires, a.state,
         a.run_id, a.reason_created, a.reason_resolved, a.scheduled, a.started, a.resolved, a.taken_until, a.worker_group, a.worker_id, a.past,
         a.stored_priority, a.body
  from task_results(places, null, task_ids_in, false) a
  join unnest(run_ids_in, states_in, reasons_in) with ordinality u(run_id, state, reason, i) on u.i = a.place
  order by a.place;
end $$;
