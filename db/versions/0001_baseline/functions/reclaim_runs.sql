-- reclaim_runs: write, queue, since version 1
-- Extends the claims of runs; a claim never gets shorter. Answers with bodies: outcome 0 extended, 2 no such task, 3 no such run,
-- 4 the run is not running, 5 its deadline has passed.
create or replace function reclaim_runs(task_ids_in uuid[], run_ids_in smallint[], taken_until_in timestamptz, now_in timestamptz)
returns setof task_answer language plpgsql as $$
declare
  places int[] := array(select generate_series(1, cardinality(task_ids_in)));
  outcomes smallint[];
begin
  perform 1 from task t where t.task_id = any(task_ids_in) order by t.task_id for update;
  outcomes := array(
    select case
      when t.task_id is null then 2
      when u.run_id > t.run_id or u.run_id < 0 then 3
      when t.deadline <= now_in then 5
      when t.run_id <> u.run_id or t.state <> 2 then 4
      else 0 end
    from unnest(task_ids_in, run_ids_in) with ordinality u(task_id, run_id, i)
    left join task t on t.task_id = u.task_id order by u.i);
  update task t set taken_until = greatest(t.taken_until, taken_until_in)
  from unnest(task_ids_in, outcomes) u(task_id, o) where u.o = 0 and t.task_id = u.task_id;
  update claim c set taken_until = greatest(c.taken_until, taken_until_in)
  from unnest(task_ids_in, outcomes) u(task_id, o) where u.o = 0 and c.task_id = u.task_id;
  return query select * from task_answers(places, outcomes, task_ids_in, true);
end $$;
