-- repair_groups: write, queue, since version 1
-- Finds groups whose last resolution lies between two times and has no event: all their tasks are resolved, no check is due,
-- and neither the outbox nor the log of events has it. Their check becomes due. Nothing is found where events are not kept.
-- None should ever be found.
create or replace function repair_groups(resolved_after_in timestamptz, resolved_until_in timestamptz, now_in timestamptz)
returns setof uuid language sql as $$
  with g as (
    select t.task_group_id, max(t.resolved) as resolved from task t
    where t.deadline > resolved_after_in - interval '1 day' and t.resolved > resolved_after_in
    group by 1),
  c as materialized (
    select g.task_group_id from g
    where g.resolved <= resolved_until_in
      and not exists (select 1 from task o where o.task_group_id = g.task_group_id and o.resolved_run < 0)
      and not exists (select 1 from group_check k where k.task_group_id = g.task_group_id)
      and not exists (select 1 from outbox o where o.kind = event_task_group_resolved() and o.task_group_id = g.task_group_id)
      and exists (select 1 from task_group x where x.task_group_id = g.task_group_id)
      and exists (select 1 from event_log l where l.logged >= resolved_after_in)),
  logged as materialized (
    select distinct e.subject from event_log l cross join lateral unnest(l.events) e
    where l.logged >= resolved_after_in and e.kind = event_task_group_resolved() and exists (select 1 from c))
  insert into group_check (task_group_id, at)
  select c.task_group_id, now_in from c where not exists (select 1 from logged where logged.subject = c.task_group_id)
  returning task_group_id
$$;
