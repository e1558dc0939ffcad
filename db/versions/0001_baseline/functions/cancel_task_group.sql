-- cancel_task_group: write, queue, since version 1
-- Cancels every unresolved task of a sealed group that is before its deadline. One row: how many tasks the group has and
-- which were canceled; none when the group is not sealed.
create or replace function cancel_task_group(task_group_id_in uuid, trace_in text, now_in timestamptz)
returns table (size bigint, canceled uuid[]) language plpgsql as $$
declare
  part uuid[];
  n int;
begin
  if not exists (select 1 from task_group g where g.task_group_id = task_group_id_in and g.sealed is not null) then
    return;
  end if;
  -- Locked in the order of their ids, as everywhere, so that two commands on overlapping tasks cannot deadlock.
  canceled := array(select t.task_id from task t where t.task_group_id = task_group_id_in and not is_resolved(t.state) and t.deadline > now_in
                    order by t.task_id for update);
  -- In slices: what end_runs does with its arrays grows with their square.
  for i in 0 .. (cardinality(canceled) - 1) / 500 loop
    part := canceled[i * 500 + 1 : i * 500 + 500];
    n := cardinality(part);
    perform end_runs(part, array_fill(task_state_exception(), array[n]), array_fill(reason_resolved_canceled(), array[n]),
                     array_fill(trace_in, array[n]), now_in);
  end loop;
  select count(*) into size from task t where t.task_group_id = task_group_id_in;
  return next;
end $$;
