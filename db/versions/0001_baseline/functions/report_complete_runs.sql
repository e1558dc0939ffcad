-- report_complete_runs: write, queue, since version 1
-- As report_runs, but a run is only completed when none of its uploads is unfinished: outcome upload_unfinished, and nothing
-- is written, where one is. That holds for reports that ask for it (asked_in), and for all others unless the task queue is
-- like one of exempt_in.
create or replace function report_complete_runs(
  task_ids_in uuid[], run_ids_in smallint[], states_in smallint[], reasons_in smallint[], asked_in boolean[], exempt_in text[],
  traces_in text[], now_in timestamptz
) returns setof task_result language plpgsql as $$
declare
  refused int[]; kept int[];
  answer task_result;
begin
  -- In the order of the ids, as everybody locks tasks. Whoever begins or stores an upload waits for this lock, so no upload
  -- can begin between the check and the end of the run.
  perform 1 from task t where t.task_id = any(task_ids_in) order by t.task_id for update;
  refused := array(
    select u.i
    from unnest(task_ids_in, run_ids_in, states_in, asked_in) with ordinality u(task_id, run_id, state, asked, i)
    join task t on t.task_id = u.task_id and t.state = task_state_running() and t.run_id = u.run_id
    where u.state = task_state_completed() and (u.asked or not t.task_queue_id like any(exempt_in)) and exists (
      select from artifact a where a.task_id = u.task_id and a.run_id = u.run_id
        and (not a.present or (a.storage_type = storage_type_s3() and a.blob_id is null))
        -- Content of an expired artifact can never come any more.
        and a.expires > now_in)
    order by u.i);
  if cardinality(refused) = 0 then
    return query select * from report_runs(task_ids_in, run_ids_in, states_in, reasons_in, traces_in, now_in);
    return;
  end if;

  return query select * from task_results(refused, array_fill(outcome_upload_unfinished(), array[cardinality(refused)]),
    array(select task_ids_in[i] from unnest(refused) i order by i), false);
  kept := array(select i from generate_series(1, cardinality(task_ids_in)) i where i <> all(refused) order by i);
  for answer in
    select * from report_runs(
      array(select task_ids_in[i] from unnest(kept) i order by i), array(select run_ids_in[i] from unnest(kept) i order by i),
      array(select states_in[i] from unnest(kept) i order by i), array(select reasons_in[i] from unnest(kept) i order by i),
      array(select traces_in[i] from unnest(kept) i order by i), now_in)
  loop
    -- Rows of newly_pending have a count where others have their place.
    if answer.outcome <> outcome_newly_pending() then
      answer.place := kept[answer.place];
    end if;
    return next answer;
  end loop;
end $$;
