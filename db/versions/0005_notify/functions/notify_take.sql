-- notify_take: write, notify, since version 5
-- Leases notifications of a kind that are due, at most one of each destination: the oldest, so that their order stays and a
-- destination that fails holds up its own only. min_gap_in: pause after what was last sent to the destination. A lease that
-- ended without a report is one whose process died, perhaps after the notification had arrived.
create or replace function notify_take(
  kind_in smallint, min_gap_in interval, leased_until_in timestamptz, page_size_in int, now_in timestamptz
) returns setof notify_outbox language sql as $$
  update notify_outbox o
  set leased_until = leased_until_in, attempts = o.attempts + 1, ambiguous = o.ambiguous or o.leased_until is not null
  where o.notification_id = any(array(
    select x.notification_id from notify_outbox x
    where x.kind = kind_in and x.state = notification_state_pending() and x.next_attempt <= now_in
      and (x.leased_until is null or x.leased_until <= now_in)
      and not exists (
        select from notify_outbox e
        where e.destination = x.destination and e.kind = kind_in and e.state = notification_state_pending() and e.seq < x.seq)
      and not exists (
        select from notify_outbox s
        where s.destination = x.destination and s.kind = kind_in and s.state = notification_state_sent()
          and s.finished > now_in - min_gap_in and s.finished <= now_in)
    order by x.next_attempt limit page_size_in for update skip locked))
  returning o.*
$$;
