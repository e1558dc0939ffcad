-- notify_finish: write, notify, since version 5
-- Ends a leased notification as sent or failed; whether it still was leased by this attempt. The third hard failure of an
-- e-mail address within a day puts it on the deny list for denied_for_in.
create or replace function notify_finish(
  id_in uuid, attempt_in int, state_in smallint, reason_in text, hard_in boolean, denied_for_in interval, now_in timestamptz
) returns boolean language plpgsql as $$
declare
  o notify_outbox;
  failures int;
begin
  -- A sent one needs its content no more; a failed one keeps it, for whoever looks why.
  update notify_outbox x
  set state = state_in, reason = reason_in, hard_failure = hard_in, finished = now_in, leased_until = null, next_attempt = null,
      content = case when state_in = notification_state_sent() then '' else x.content end
  where x.notification_id = id_in and x.attempts = attempt_in and x.state = notification_state_pending() returning * into o;
  if o.notification_id is null then
    return false;
  end if;
  if hard_in and o.kind = notification_kind_email() then
    select count(*) into failures from notify_outbox x
    where x.destination = o.destination and x.kind = o.kind and x.hard_failure and x.finished > now_in - interval '1 day';
    if failures >= 3 then
      insert into notify_denied as d (kind, address, destination, reason, created, expires)
      values (o.kind, o.address, o.destination, 'refused ' || failures || ' times in a day, at last with: ' || reason_in, now_in,
              now_in + denied_for_in)
      on conflict (kind, address) do update set reason = excluded.reason, expires = excluded.expires where d.expires is not null;
    end if;
  end if;
  return true;
end $$;
