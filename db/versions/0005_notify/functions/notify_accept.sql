-- notify_accept: write, notify, since version 5
-- Takes a notification in, unless its address is denied, the same came within the last ten minutes, or for the same source.
-- E-mails beyond the limit of a destination's window are counted in one digest, which is due when the window ends. With an
-- exchange the notification is a message: its event is written here, and nothing is left to deliver. digest_id_in: the id of
-- a digest, should one begin.
create or replace function notify_accept(
  id_in uuid, digest_id_in uuid, kind_in smallint, address_in text, destination_in text, summary_in text, content_in text, content_hash_in bytea,
  source_in text, exchange_in text, routing_key_in text, cc_in text[], body_in text, limit_in int, now_in timestamptz
) returns table (acceptance smallint, notification_id uuid) language plpgsql as $$
declare
  found uuid;
  outcome smallint := acceptance_stored();
  state smallint := notification_state_pending();
  why text;
  digest uuid;
begin
  -- One at a time for each destination: the checks below read what others may be writing.
  perform pg_advisory_xact_lock(lock_notify_destination(), hashtext(kind_in || ' ' || destination_in));
  select o.notification_id into found from notify_outbox o where o.source = source_in;
  if found is not null then
    return query select acceptance_duplicate(), found;
    return;
  end if;
  select 'denied' || coalesce(': ' || d.reason, '') into why from notify_denied d
  where d.kind = kind_in and d.destination = destination_in and (d.expires is null or d.expires > now_in) limit 1;
  if why is not null then
    outcome := acceptance_denied();
    if source_in is null then
      return query select outcome, null::uuid;
      return;
    end if;
  end if;
  if outcome = acceptance_stored() then
    -- Both ways, for clocks that were set back.
    update notify_outbox o set duplicates = o.duplicates + 1
    where o.notification_id = (
      select x.notification_id from notify_outbox x
      where x.content_hash = content_hash_in and x.state <> notification_state_failed() and x.created between now_in - interval '10 minutes' and now_in + interval '10 minutes'
      order by x.created desc limit 1)
    returning o.notification_id into found;
    if found is not null and source_in is null then
      return query select acceptance_duplicate(), found;
      return;
    end if;
    if found is not null then
      outcome := acceptance_duplicate();
      why := 'the same was sent within ten minutes: ' || found;
    end if;
  end if;
  if outcome = acceptance_stored() and kind_in = notification_kind_email() then
    digest := notify_count(digest_id_in, address_in, destination_in, summary_in, limit_in, now_in);
    if digest is not null then
      outcome := acceptance_rate_limited();
      why := 'more than ' || limit_in || ' in ten minutes: counted in ' || digest;
    end if;
  end if;
  if outcome <> acceptance_stored() then
    state := notification_state_suppressed();
  elsif exchange_in is not null then
    perform emit_service_event('notify', exchange_in, routing_key_in, cc_in, body_in, null, now_in);
    state := notification_state_sent();
  end if;
  insert into notify_outbox (notification_id, kind, address, destination, state, summary, content, content_hash, source, reason,
                             created, next_attempt, finished)
  values (id_in, kind_in, address_in, destination_in, state, summary_in,
          case when state = notification_state_pending() then content_in else '' end,
          -- What never counted must not make a later one its duplicate.
          case when outcome in (acceptance_denied(), acceptance_duplicate()) then uuid_send(id_in) else content_hash_in end, source_in, why, now_in,
          case when state = notification_state_pending() then now_in end,
          case when state <> notification_state_pending() then now_in end);
  return query select outcome, id_in;
end $$;
