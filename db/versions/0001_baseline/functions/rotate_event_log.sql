-- rotate_event_log: write, relay, since version 1
-- Makes the partitions of today and tomorrow (UTC) and drops those of days that ended before keep_from_in. When to call again
-- at the latest: the end of today. Waits for readers of the log for a moment only. Today begins with a row without events, so
-- that the end of the log can be read on quiet days too. Only the relay that holds the shard's lock may call it.
create or replace function rotate_event_log(keep_from_in timestamptz, now_in timestamptz) returns timestamptz language plpgsql as $$
declare
  today date := (now_in at time zone 'UTC')::date;
  day date;
  partition text;
begin
  perform set_config('lock_timeout', '2s', true);
  for day in select today + n from generate_series(0, 1) n loop
    partition := 'event_log_' || to_char(day, 'YYYYMMDD');
    if to_regclass(partition) is null then
      execute format('create table if not exists %I partition of event_log for values from (%L) to (%L)',
                     partition, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    end if;
  end loop;
  insert into event_log (last, logged, lowest_id, highest_id, events)
  select case when q.is_called then q.last_value else 0 end, now_in, 0, 0, '{}'
  from event_position q
  where not exists (select from event_log l where l.logged >= today::timestamp at time zone 'UTC');
  for partition in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'event_log'::regclass
      and to_date(right(c.relname, 8), 'YYYYMMDD') + 1 <= (keep_from_in at time zone 'UTC')::date
  loop
    execute format('drop table %I', partition);
  end loop;
  return (today + 1)::timestamp at time zone 'UTC';
end $$;
