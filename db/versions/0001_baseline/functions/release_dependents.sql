-- release_dependents: write, queue, since version 1
-- Subtracts tasks that have just been resolved from the unsatisfied dependencies of their dependents; those that reach 0
-- become pending. For each resolved run: its number, its state, and the task's completed_run and resolved_run from before,
-- which say which dependencies had been satisfied already. The queues in which tasks became pending, and how many did.
create or replace function release_dependents(
  task_ids_in uuid[], run_ids_in smallint[], states_in smallint[], completed_before_in smallint[],
  resolved_before_in smallint[], now_in timestamptz
) returns table (task_queue_id text, count bigint) language plpgsql as $$
declare
  dependents uuid[];
  counts int[];
  ready uuid[];
begin
  -- A statement of its own, in the order of the ids: two resolutions that share dependents do not deadlock, and the update
  -- below sees what the other one has subtracted.
  with d as (
    select e.dependent, count(*)::int as n
    from unnest(task_ids_in, run_ids_in, states_in, completed_before_in, resolved_before_in) s(task_id, run_id, state, completed, resolved)
    join task_dependency e on e.required = s.task_id
    where e.effective_from_run <= s.run_id
      and case when e.requires = requires_all_resolved() then e.effective_from_run > s.resolved else s.state = task_state_completed() and e.effective_from_run > s.completed end
    group by e.dependent)
  select array_agg(l.task_id), array_agg(l.n) into dependents, counts
  from (select t.task_id, d.n from task t join d on d.dependent = t.task_id where t.state = task_state_unscheduled() order by t.task_id for update of t) l;
  if dependents is null then
    return;
  end if;

  with u as (
    update task t set unsatisfied_dependencies = t.unsatisfied_dependencies - d.n,
      state = case when t.unsatisfied_dependencies = d.n and t.deadline > now_in then task_state_pending() else task_state_unscheduled() end,
      run_id = case when t.unsatisfied_dependencies = d.n and t.deadline > now_in then 0 else no_run() end,
      reason_created = case when t.unsatisfied_dependencies = d.n and t.deadline > now_in then reason_created_scheduled() end,
      scheduled = case when t.unsatisfied_dependencies = d.n and t.deadline > now_in then now_in end,
      pending_seq = case when t.unsatisfied_dependencies = d.n and t.deadline > now_in then nextval('pending_seq') end
    from unnest(dependents, counts) d(task_id, n) where t.task_id = d.task_id
    returning t.task_id, t.task_queue_id, t.priority, t.pending_seq, t.deadline),
  p as (
    insert into pending (task_queue_id, priority, seq, task_id, run_id, inserted, deadline)
    select u.task_queue_id, u.priority, u.pending_seq, u.task_id, 0, now_in, u.deadline from u where u.pending_seq is not null)
  select array_agg(u.task_id order by u.pending_seq) into ready from u where u.pending_seq is not null;
  if ready is null then
    return;
  end if;
  perform emit_task_events(event_task_pending(), ready, array_fill(0::smallint, array[cardinality(ready)]), null, null, now_in);
  return query select t.task_queue_id, count(*) from task t where t.task_id = any(ready) group by 1;
end $$;
