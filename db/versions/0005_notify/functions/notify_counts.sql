-- notify_counts: read, notify, since version 5
-- How many notifications of each kind wait to be delivered, and since when the oldest that is due does.
create or replace function notify_counts(now_in timestamptz)
returns table (kind smallint, pending bigint, oldest timestamptz) language sql stable as $$
  select o.kind, count(*), min(o.created) filter (where o.next_attempt <= now_in)
  from notify_outbox o where o.state = notification_state_pending() group by o.kind
$$;
