-- start_run: write, queue, since version 1
-- Gives a task whose row the caller has locked, and which has no pending or running run, a new pending run. A resolved run
-- before it moves to task_run_past.
create or replace function start_run(task_id_in uuid, reason_created_in smallint, retries_left_in smallint, trace_in text, now_in timestamptz)
returns void language plpgsql as $$
declare
  t task;
begin
  insert into task_run_past (task_id, run_id, state, reason_created, reason_resolved, scheduled, started, resolved, taken_until, worker_group, worker_id)
  select p.task_id, p.run_id, p.state, p.reason_created, p.reason_resolved, p.scheduled, p.started, p.resolved, p.taken_until, p.worker_group, p.worker_id
  from task p where p.task_id = task_id_in and p.run_id >= 0;
  update task set run_id = task.run_id + 1, state = task_state_pending(), retries_left = retries_left_in, reason_created = reason_created_in, reason_resolved = null,
    scheduled = now_in, started = null, resolved = null, taken_until = null, worker_group = null, worker_id = null,
    pending_seq = nextval('pending_seq')
  where task.task_id = task_id_in returning * into t;
  insert into pending (task_queue_id, priority, seq, task_id, run_id, inserted, deadline)
  values (t.task_queue_id, t.priority, t.pending_seq, t.task_id, t.run_id, now_in, t.deadline);
  perform emit_task_events(event_task_pending(), array[task_id_in], array[t.run_id], array[trace_in], null, now_in);
end $$;
