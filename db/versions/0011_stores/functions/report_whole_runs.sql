-- report_whole_runs: write, queue, since version 11
-- As report_runs, for reports of which some say (whole_in) that the run may only be completed when none of its uploads
-- is unfinished: outcome 10, and nothing is written, where one is. The task is locked when that is looked for, and
-- create_artifact waits for the lock, so no upload can begin in between.
create or replace function report_whole_runs(
  task_ids_in uuid[], run_ids_in smallint[], states_in smallint[], reasons_in smallint[], whole_in boolean[],
  traces_in text[], now_in timestamptz
) returns setof task_answer language plpgsql as $$
declare
  completed constant smallint := 3;
  unfinished constant smallint := 10;
  refused int[]; kept int[];
  answer task_answer;
begin
  perform 1 from task t where t.task_id = any(task_ids_in) order by t.task_id for update;
  refused := array(
    select u.i
    from unnest(task_ids_in, run_ids_in, states_in, whole_in) with ordinality u(task_id, run_id, state, whole, i)
    join task t on t.task_id = u.task_id and t.state = 2 and t.run_id = u.run_id
    where u.whole and u.state = completed and exists (select from unfinished_uploads(u.task_id, u.run_id, 1))
    order by u.i);
  if cardinality(refused) = 0 then
    return query select * from report_runs(task_ids_in, run_ids_in, states_in, reasons_in, traces_in, now_in);
    return;
  end if;

  return query select * from task_answers(refused, array_fill(unfinished, array[cardinality(refused)]),
    array(select task_ids_in[i] from unnest(refused) i order by i), false);
  kept := array(select i from generate_series(1, cardinality(task_ids_in)) i where i <> all(refused) order by i);
  for answer in
    select * from report_runs(
      array(select task_ids_in[i] from unnest(kept) i order by i), array(select run_ids_in[i] from unnest(kept) i order by i),
      array(select states_in[i] from unnest(kept) i order by i), array(select reasons_in[i] from unnest(kept) i order by i),
      array(select traces_in[i] from unnest(kept) i order by i), now_in)
  loop
    -- The answers of outcome 9 wake queues and have a count where others have their place.
    if answer.outcome <> 9 then
      answer.place := kept[answer.place];
    end if;
    return next answer;
  end loop;
end $$;
