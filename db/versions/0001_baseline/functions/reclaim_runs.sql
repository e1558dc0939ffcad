-- reclaim_runs: write, queue, since version 1
-- Extends the claims of runs; a claim never gets shorter. With bodies. Outcome: done, no_such_task, no_such_run, other_state
-- (not running), too_late (after its deadline).
create or replace function reclaim_runs(task_ids_in uuid[], run_ids_in smallint[], taken_until_in timestamptz, now_in timestamptz)
returns setof task_result language plpgsql as $$
declare
  places int[] := array(select generate_series(1, cardinality(task_ids_in)));
  outcomes smallint[];
begin
  -- Locked in the order of their ids before anything is decided; the statements below then see what others committed
  -- while this one waited.
  perform 1 from task t where t.task_id = any(task_ids_in) order by t.task_id for update;
  outcomes := array(
    select case
      when t.task_id is null then outcome_no_such_task()
      when u.run_id > t.run_id or u.run_id < 0 then outcome_no_such_run()
      when t.deadline <= now_in then outcome_too_late()
      when t.run_id <> u.run_id or t.state <> task_state_running() then outcome_other_state()
      else outcome_done() end
    from unnest(task_ids_in, run_ids_in) with ordinality u(task_id, run_id, i)
    left join task t on t.task_id = u.task_id order by u.i);
  update task t set taken_until = greatest(t.taken_until, taken_until_in)
  from unnest(task_ids_in, outcomes) u(task_id, o) where u.o = outcome_done() and t.task_id = u.task_id;
  update claim c set taken_until = greatest(c.taken_until, taken_until_in)
  from unnest(task_ids_in, outcomes) u(task_id, o) where u.o = outcome_done() and c.task_id = u.task_id;
  return query select * from task_results(places, outcomes, task_ids_in, true);
end $$;
