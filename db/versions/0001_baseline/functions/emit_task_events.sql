-- emit_task_events: write, queue, since version 1
-- Emits one kind of event for several tasks, with the state they have now. run_ids_in: the runs the events are about (null:
-- about none).
create or replace function emit_task_events(
  kind_in smallint, task_ids_in uuid[], run_ids_in smallint[], traces_in text[], payload_in jsonb, now_in timestamptz
) returns void language plpgsql as $$
begin
  insert into outbox (kind, at, task_group_id, task_id, run_id, trace, payload, has_routes, priority, retries_left, state, current_run,
                      reason_created, reason_resolved, scheduled, started, resolved, taken_until, worker_group, worker_id)
  select kind_in, now_in, t.task_group_id, t.task_id, u.run_id, traces_in[u.i], payload_in, t.has_routes, t.priority, t.retries_left, t.state, t.run_id,
         t.reason_created, t.reason_resolved, t.scheduled, t.started, t.resolved, t.taken_until, t.worker_group, t.worker_id
  from unnest(task_ids_in, run_ids_in) with ordinality u(task_id, run_id, i)
  join task t on t.task_id = u.task_id;
end $$;
