-- log_events: write, relay, since version 7
-- Appends events to the log as one row; only whoever holds the shard of the outbox may call it, so that positions follow commits.
create or replace function log_events(events_in event_fact[], now_in timestamptz) returns void language plpgsql as $$
declare
  position bigint;
begin
  if coalesce(cardinality(events_in), 0) = 0 then
    return;
  end if;
  position := nextval('event_position') + cardinality(events_in) - 1;
  perform setval('event_position', position);
  insert into event_log (last, logged, lowest_id, highest_id, events)
  select position, now_in, min(e.id), max(e.id), events_in from unnest(events_in) e;
end $$;
