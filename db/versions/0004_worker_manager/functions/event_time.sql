-- event_time: read, worker_manager, since version 4
-- A time as events have it.
create or replace function event_time(time_in timestamptz) returns text language sql stable parallel safe as $$
  select to_char(time_in at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
