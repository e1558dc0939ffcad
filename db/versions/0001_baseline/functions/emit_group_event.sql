-- emit_group_event: write, queue, since version 1
-- Emits an event of a whole group; payload_in is added to what every group event has.
create or replace function emit_group_event(
  kind_in smallint, task_group_id_in uuid, trace_in text, payload_in jsonb, now_in timestamptz
) returns void language plpgsql as $$
begin
  insert into outbox (kind, at, task_group_id, trace, payload)
  select kind_in, now_in, g.task_group_id, trace_in,
         jsonb_build_object('scheduler_id', g.scheduler_id, 'expires', g.expires, 'sealed', g.sealed) || coalesce(payload_in, '{}')
  from task_group g where g.task_group_id = task_group_id_in;
end $$;
