-- claim_task: write, queue, since version 1
-- Claims one named run, or answers the worker that holds it once more. Outcome: done, no_such_task, no_such_run, too_late
-- (after its deadline), refused (the worker is quarantined), other_state (not pending and not this worker's).
create or replace function claim_task(
  task_id_in uuid, run_id_in smallint, worker_group_in text, worker_id_in text, trace_in text, taken_until_in timestamptz, now_in timestamptz
) returns setof task_result language plpgsql as $$
declare
  t task;
  outcome smallint;
begin
  -- The task before its pending row. claim_work takes them the other way round, but skips locked pending rows.
  select * into t from task where task.task_id = task_id_in for update;
  outcome := case
    when t.task_id is null then outcome_no_such_task()
    when run_id_in > t.run_id or run_id_in < 0 then outcome_no_such_run()
    when t.deadline <= now_in then outcome_too_late()
    when exists (select 1 from worker w where w.task_queue_id = t.task_queue_id and w.worker_group = worker_group_in
                 and w.worker_id = worker_id_in and w.quarantine_until > now_in) then outcome_refused()
    when t.run_id = run_id_in and t.state = task_state_running() and t.worker_group = worker_group_in
      and t.worker_id = worker_id_in then outcome_done()
    when t.run_id <> run_id_in or t.state <> task_state_pending() then outcome_other_state()
    else outcome_done() end;
  if outcome = outcome_done() and t.state = task_state_pending() then
    delete from pending p where p.task_queue_id = t.task_queue_id and p.priority = t.priority and p.seq = t.pending_seq;
    update task set state = task_state_running(), started = now_in, taken_until = taken_until_in, pending_seq = null,
      worker_group = worker_group_in, worker_id = worker_id_in where task.task_id = task_id_in;
    insert into claim (task_id, run_id, taken_until, claimed, task_queue_id)
    values (task_id_in, run_id_in, taken_until_in, now_in, t.task_queue_id);
    insert into worker as w (task_queue_id, worker_group, worker_id, first_claim, last_date_active, expires, recent_task_ids, recent_run_ids)
    values (t.task_queue_id, worker_group_in, worker_id_in, now_in, now_in, now_in + interval '1 day', array[task_id_in], array[run_id_in])
    on conflict (task_queue_id, worker_group, worker_id) do update set
      last_date_active = excluded.last_date_active, expires = greatest(w.expires, excluded.expires),
      recent_task_ids = (w.recent_task_ids || excluded.recent_task_ids)[greatest(1, cardinality(w.recent_task_ids) - 18):],
      recent_run_ids = (w.recent_run_ids || excluded.recent_run_ids)[greatest(1, cardinality(w.recent_run_ids) - 18):];
    insert into task_queue as q (task_queue_id, last_date_active, expires) values (t.task_queue_id, now_in, now_in + interval '1 day')
    on conflict (task_queue_id) do update set last_date_active = excluded.last_date_active, expires = greatest(q.expires, excluded.expires);
    perform emit_task_events(event_task_running(), array[task_id_in], array[run_id_in], array[trace_in], null, now_in);
  end if;
  return query select * from task_results(array[1], array[outcome], array[task_id_in], true);
end $$;
