-- github_receive: write, github, since version 8
-- Takes a delivery in, once: false where it is there already, whatever its body. With an exchange its event is published, and with an owner the
-- installation changes, in the same transaction.
create or replace function github_receive(
  delivery_id_in text, event_in text, body_in text, repository_in text, subject_in text, state_in smallint, reason_in text,
  exchange_in text, routing_key_in text, message_in text,
  owner_in text, installation_in bigint, active_in boolean, trace_in text, now_in timestamptz
) returns boolean language plpgsql as $$
begin
  insert into github_delivery (delivery_id, event, body, repository, subject, state, reason, received, next_attempt, finished)
  values (delivery_id_in, event_in, case when state_in in (delivery_state_waiting(), delivery_state_failed()) then body_in else '' end,
          repository_in, subject_in, state_in, reason_in, now_in,
          case when state_in = delivery_state_waiting() then now_in end, case when state_in <> delivery_state_waiting() then now_in end)
  on conflict do nothing;
  if not found then
    return false;
  end if;
  if exchange_in is not null then
    perform emit_service_event('github', exchange_in, routing_key_in, '{}', message_in, trace_in, now_in);
  end if;
  if owner_in is not null then
    insert into github_installation (owner, installation, active, changed)
    values (lower(owner_in), installation_in, active_in, now_in)
    on conflict (owner) do update set installation = excluded.installation, active = excluded.active, changed = excluded.changed;
  end if;
  return true;
end $$;
