-- release_dependents: write, queue, since version 1
-- Tells the dependents of tasks that have just ended for good. For each ended run: its number, its state, and the
-- task's completed_run and resolved_run from before, which say which edges had been satisfied already.
-- Answers the queues in which tasks became pending, with their numbers. Locks dependents in order of their ids.
create or replace function release_dependents(
  task_ids_in uuid[], run_ids_in smallint[], states_in smallint[], completed_before_in smallint[],
  resolved_before_in smallint[], now_in timestamptz
) returns table (task_queue_id text, count bigint) language plpgsql as $$
declare
  dependents uuid[];
  counts int[];
  ready uuid[];
begin
  -- Locked by a statement of its own: the next one sees what others have made of the rows until then.
  with d as (
    select e.dependent, count(*)::int as n
    from unnest(task_ids_in, run_ids_in, states_in, completed_before_in, resolved_before_in) s(task_id, run_id, state, completed, resolved)
    join edge e on e.required = s.task_id
    where e.from_run <= s.run_id
      and case when e.requires = 1 then e.from_run > s.resolved else s.state = 3 and e.from_run > s.completed end
    group by e.dependent)
  select array_agg(l.task_id), array_agg(l.n) into dependents, counts
  from (select t.task_id, d.n from task t join d on d.dependent = t.task_id where t.state = 0 order by t.task_id for update of t) l;
  if dependents is null then
    return;
  end if;

  with u as (
    update task t set remaining = t.remaining - d.n,
      state = case when t.remaining = d.n and t.deadline > now_in then 1 else 0 end,
      run_id = case when t.remaining = d.n and t.deadline > now_in then 0 else -1 end,
      reason_created = case when t.remaining = d.n and t.deadline > now_in then 0 end,
      scheduled = case when t.remaining = d.n and t.deadline > now_in then now_in end,
      pending_seq = case when t.remaining = d.n and t.deadline > now_in then nextval('pending_seq') end
    from unnest(dependents, counts) d(task_id, n) where t.task_id = d.task_id
    returning t.task_id, t.task_queue_id, t.priority, t.pending_seq, t.deadline),
  p as (
    insert into pending (task_queue_id, priority, seq, task_id, run_id, inserted, deadline)
    select u.task_queue_id, u.priority, u.pending_seq, u.task_id, 0, now_in, u.deadline from u where u.pending_seq is not null)
  select array_agg(u.task_id order by u.pending_seq) into ready from u where u.pending_seq is not null;
  if ready is null then
    return;
  end if;
  perform emit_task_events(2::smallint, ready, array_fill(0::smallint, array[cardinality(ready)]), null, null, now_in);
  return query select t.task_queue_id, count(*) from task t where t.task_id = any(ready) group by 1;
end $$;
