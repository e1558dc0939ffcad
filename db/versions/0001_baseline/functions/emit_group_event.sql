-- emit_group_event: write, queue, since version 1
-- Leaves word of an event of a whole group; facts_in is added to what every group event says.
create or replace function emit_group_event(
  kind_in smallint, task_group_id_in uuid, trace_in text, facts_in jsonb, now_in timestamptz
) returns void language plpgsql as $$
begin
  insert into outbox (kind, at, task_group_id, trace, facts)
  select kind_in, now_in, g.task_group_id, trace_in,
         jsonb_build_object('schedulerId', g.scheduler_id, 'expires', g.expires, 'sealed', g.sealed) || coalesce(facts_in, '{}')
  from task_group g where g.task_group_id = task_group_id_in;
end $$;
