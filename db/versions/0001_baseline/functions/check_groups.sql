-- check_groups: write, queue, since version 1
-- Takes groups in which tasks were resolved, and emits the event of those all of whose tasks are; how many groups were
-- checked.
create or replace function check_groups(page_size_in int, now_in timestamptz) returns int language plpgsql as $$
declare
  groups uuid[];
begin
  -- Rows that another process checks are skipped; each resolution inserts one of its own, so none is missed.
  with d as (
    delete from group_check c where c.ctid = any(array(select x.ctid from group_check x limit page_size_in for update skip locked))
    returning c.task_group_id)
  select array_agg(distinct d.task_group_id) into groups from d;
  perform emit_group_event(event_task_group_resolved(), g, null, null, now_in)
  from unnest(groups) g where not exists (select 1 from task t where t.task_group_id = g and t.resolved_run < 0);
  return coalesce(cardinality(groups), 0);
end $$;
