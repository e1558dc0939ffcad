-- notify_count: write, notify, since version 5
-- Counts an e-mail in the window of its destination, whose lock is held: null if it may be sent, else the digest that it is
-- counted in. A digest that is being sent, or was, is not touched: the next window begins.
create or replace function notify_count(
  digest_id_in uuid, address_in text, destination_in text, summary_in text, limit_in int, now_in timestamptz
) returns uuid language plpgsql as $$
declare
  w notify_window;
begin
  select * into w from notify_window x where x.destination = destination_in for update;
  if w.destination is null or w.ends <= now_in or w.ends > now_in + interval '10 minutes' then
    w.accepted := 0;
    w.digest_id := null;
    w.ends := now_in + interval '10 minutes';
  end if;
  if w.accepted >= limit_in and w.digest_id is not null then
    update notify_outbox o
    set further = o.further + 1,
        further_summaries = case when o.further < 20 then o.further_summaries || summary_in else o.further_summaries end
    where o.notification_id = w.digest_id and o.state = notification_state_pending() and o.leased_until is null;
    if found then
      return w.digest_id;
    end if;
    w.accepted := 0;
    w.digest_id := null;
    w.ends := now_in + interval '10 minutes';
  end if;
  if w.accepted >= limit_in then
    w.digest_id := digest_id_in;
    insert into notify_outbox (notification_id, kind, address, destination, state, is_digest, summary, content, content_hash,
                               created, next_attempt, further, further_summaries)
    values (w.digest_id, notification_kind_email(), address_in, destination_in, notification_state_pending(), true, 'digest', '',
            uuid_send(w.digest_id), now_in, w.ends, 1, array[summary_in]);
  else
    w.accepted := w.accepted + 1;
  end if;
  insert into notify_window as x (destination, ends, accepted, digest_id) values (destination_in, w.ends, w.accepted, w.digest_id)
  on conflict (destination) do update set ends = excluded.ends, accepted = excluded.accepted, digest_id = excluded.digest_id;
  return w.digest_id;
end $$;
