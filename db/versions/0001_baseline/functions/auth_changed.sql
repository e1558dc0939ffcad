-- auth_changed: write, auth, since version 1
-- What every change of a client or role writes besides: its line in the history, its event (a kind, or null for none), and
-- the counter by which other processes notice.
create or replace function auth_changed(
  entity_type_in text, entity_id_in text, action_type_in text, kind_in smallint, client_id_in text, trace_in text, now_in timestamptz
) returns void language plpgsql as $$
begin
  insert into audit_history (entity_type, entity_id, client_id, action_type, created)
  values (entity_type_in, entity_id_in, client_id_in, action_type_in, now_in);
  if kind_in is not null then
    insert into outbox (kind, at, trace, payload)
    values (kind_in, now_in, trace_in, jsonb_build_object(entity_type_in || '_id', entity_id_in));
  end if;
  if entity_type_in = 'client' then
    update auth_version set clients = clients + 1;
  else
    update auth_version set roles = roles + 1;
  end if;
end $$;
