-- log_events: write, relay, since version 1
-- Appends events, in order of their ids, to the log as one row. Only the relay that holds the shard's lock may call it, so that
-- positions follow commits.
create or replace function log_events(events_in logged_event[], now_in timestamptz) returns void language plpgsql as $$
declare
  count constant int := coalesce(cardinality(events_in), 0);
  position bigint;
begin
  if count = 0 then
    return;
  end if;
  position := nextval('event_position') + count - 1;
  perform setval('event_position', position);
  insert into event_log (last, logged, lowest_id, highest_id, events)
  values (position, now_in, (events_in[1]).id, (events_in[count]).id, events_in);
end $$;
