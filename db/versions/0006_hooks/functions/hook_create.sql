-- hook_create: write, hooks, since version 6
-- Creates a hook. Outcome: created, same (it was there and equal) or differs (it was there and is something else).
create or replace function hook_create(
  hook_group_id_in text, hook_id_in text, definition_in text, bindings_in text, trigger_token_in jsonb, next_task_id_in jsonb,
  next_scheduled_at_in timestamptz, by_in text, trace_in text, now_in timestamptz
) returns text language plpgsql as $$
declare
  stored hook;
begin
  insert into hook (hook_group_id, hook_id, definition, bindings, generation, trigger_token, next_task_id, next_scheduled_at, created, last_modified)
  values (hook_group_id_in, hook_id_in, definition_in, bindings_in, nextval('hook_generation'), trigger_token_in, next_task_id_in,
          next_scheduled_at_in, now_in, now_in)
  on conflict do nothing;
  if found then
    perform hook_changed(hook_group_id_in, hook_id_in, 'hook-created', 'created', by_in, trace_in, now_in);
    return 'created';
  end if;
  select * into stored from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in;
  if stored.definition is distinct from definition_in or stored.bindings is distinct from bindings_in then
    return 'differs';
  end if;
  -- The event of the first request may not have come through to whoever asks again.
  perform hook_changed(hook_group_id_in, hook_id_in, 'hook-created', null, by_in, trace_in, now_in);
  return 'same';
end $$;
