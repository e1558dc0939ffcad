-- hook_changed: write, hooks, since version 6
-- What every change of a hook writes besides: its event, and its line in the history where there is an action.
create or replace function hook_changed(
  hook_group_id_in text, hook_id_in text, exchange_in text, action_type_in text, client_id_in text, trace_in text, now_in timestamptz
) returns void language plpgsql as $$
begin
  if action_type_in is not null then
    insert into audit_history (entity_type, entity_id, client_id, action_type, created)
    values ('hook', hook_group_id_in || '/' || hook_id_in, client_id_in, action_type_in, now_in);
  end if;
  if exchange_in is not null then
    perform emit_service_event('hooks', exchange_in, '_', '{}',
      json_build_object('hookGroupId', hook_group_id_in, 'hookId', hook_id_in)::text, trace_in, now_in);
  end if;
end $$;
