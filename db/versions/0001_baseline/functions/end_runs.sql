-- end_runs: write, queue, since version 1
-- Ends the current run of tasks whose rows the caller has locked and found unresolved (unscheduled ones get a run that
-- is resolved from the start), with all that follows: the retry where the reason allows one, claims and pending rows, events,
-- dependents, the check of their groups. The queues in which tasks became pending, and how many did.
create or replace function end_runs(
  task_ids_in uuid[], states_in smallint[], reasons_in smallint[], traces_in text[], now_in timestamptz
) returns table (task_queue_id text, count bigint) language plpgsql as $$
declare
  ended uuid[]; ended_runs smallint[]; ended_states smallint[]; completed_before smallint[]; resolved_before smallint[];
  retried uuid[]; retried_runs smallint[];
  pendings int;
begin
  select array_agg(t.task_id order by u.i) filter (where not g.again), array_agg(greatest(t.run_id, 0::smallint) order by u.i) filter (where not g.again),
         array_agg(u.state order by u.i) filter (where not g.again), array_agg(t.completed_run order by u.i) filter (where not g.again),
         array_agg(t.resolved_run order by u.i) filter (where not g.again),
         array_agg(t.task_id order by u.i) filter (where g.again), array_agg(t.run_id order by u.i) filter (where g.again),
         count(t.pending_seq)
  into ended, ended_runs, ended_states, completed_before, resolved_before, retried, retried_runs, pendings
  from unnest(task_ids_in, states_in, reasons_in) with ordinality u(task_id, state, reason, i)
  join task t on t.task_id = u.task_id
  cross join lateral (
    select t.state = task_state_running() and t.retries_left > 0
      and u.reason in (reason_resolved_claim_expired(), reason_resolved_worker_shutdown(), reason_resolved_intermittent_task()) as again) g;

  -- The columns of pending_order lead to the row; the task's own row is locked, so nobody claims it meanwhile.
  if pendings > 0 then
    delete from pending p using unnest(task_ids_in) u(task_id) join task t on t.task_id = u.task_id
    where p.task_queue_id = t.task_queue_id and p.priority = t.priority and p.seq = t.pending_seq;
  end if;
  delete from claim c where c.task_id = any(task_ids_in);

  if retried is not null then
    insert into task_run_past (task_id, run_id, state, reason_created, reason_resolved, scheduled, started, resolved, taken_until, worker_group, worker_id)
    select t.task_id, t.run_id, u.state, t.reason_created, u.reason, t.scheduled, t.started, now_in, t.taken_until, t.worker_group, t.worker_id
    from unnest(task_ids_in, states_in, reasons_in) u(task_id, state, reason) join task t on t.task_id = u.task_id
    where t.task_id = any(retried);
    with p as (
      update task t set run_id = t.run_id + 1, state = task_state_pending(), retries_left = t.retries_left - 1,
        reason_created = case when u.reason = reason_resolved_intermittent_task() then reason_created_task_retry() else reason_created_retry() end, reason_resolved = null, scheduled = now_in, started = null,
        resolved = null, taken_until = null, worker_group = null, worker_id = null,
        pending_seq = case when t.deadline > now_in then nextval('pending_seq') end
      from unnest(task_ids_in, reasons_in) u(task_id, reason) where t.task_id = u.task_id and t.task_id = any(retried)
      returning t.task_queue_id, t.priority, t.pending_seq, t.task_id, t.run_id, t.deadline)
    insert into pending (task_queue_id, priority, seq, task_id, run_id, inserted, deadline)
    select p.task_queue_id, p.priority, p.pending_seq, p.task_id, p.run_id, now_in, p.deadline from p where p.pending_seq is not null;
    perform emit_task_events(event_task_exception(), retried, retried_runs, traces_in, null, now_in);
    perform emit_task_events(event_task_pending(), retried, array(select r + 1 from unnest(retried_runs) r)::smallint[], traces_in, null, now_in);
    return query select t.task_queue_id, count(*) from task t where t.task_id = any(retried) and t.pending_seq is not null group by 1;
  end if;

  if ended is not null then
    with e as (
      update task t set state = u.state, reason_resolved = u.reason, resolved = now_in, pending_seq = null,
        run_id = greatest(t.run_id, 0::smallint), reason_created = coalesce(t.reason_created, reason_created_exception()), scheduled = coalesce(t.scheduled, now_in),
        resolved_run = greatest(t.run_id, 0::smallint),
        completed_run = case when u.state = task_state_completed() then t.run_id else t.completed_run end
      from unnest(task_ids_in, states_in, reasons_in) with ordinality u(task_id, state, reason, i)
      where t.task_id = u.task_id and (retried is null or t.task_id = any(ended))
      returning u.i, t.task_group_id, t.task_id, t.run_id, t.has_routes, t.priority, t.retries_left, t.state, t.reason_created, t.reason_resolved,
                t.scheduled, t.started, t.resolved, t.taken_until, t.worker_group, t.worker_id),
    o as (
      insert into outbox (kind, at, task_group_id, task_id, run_id, trace, has_routes, priority, retries_left, state, current_run,
                          reason_created, reason_resolved, scheduled, started, resolved, taken_until, worker_group, worker_id)
      select case e.state when task_state_completed() then event_task_completed() when task_state_failed() then event_task_failed()
             else event_task_exception() end, now_in, e.task_group_id, e.task_id, e.run_id, traces_in[e.i], e.has_routes, e.priority, e.retries_left, e.state, e.run_id,
             e.reason_created, e.reason_resolved, e.scheduled, e.started, e.resolved, e.taken_until, e.worker_group, e.worker_id
      from e order by e.i)
    insert into group_check (task_group_id, at) select distinct e.task_group_id, now_in from e;
    -- After the update above: it holds the required rows, and dependents are always locked after what they require.
    return query select * from release_dependents(ended, ended_runs, ended_states, completed_before, resolved_before, now_in);
  end if;
end $$;
