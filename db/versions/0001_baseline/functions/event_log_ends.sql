-- event_log_ends: read, relay, since version 1
-- Between which positions the log has events, both inclusive (none while first is above last), and the position after which
-- all events are that were logged together with or later than the event of this id. `last` is read from the newest row: the
-- sequence is ahead of it while a transaction is open, and counts only while there is no row at all.
create or replace function event_log_ends(event_id_in bigint) returns table (first bigint, last bigint, before_event bigint) language sql stable as $$
  select coalesce((select l.last - cardinality(l.events) + 1 from event_log l order by l.last, l.logged limit 1), s.position + 1), s.position,
         coalesce((select l.last - cardinality(l.events) from event_log l where l.highest_id >= event_id_in order by l.last limit 1), s.position)
  from (select coalesce((select l.last from event_log l order by l.last desc limit 1),
                        (select case when q.is_called then q.last_value else 0 end from event_position q)) as position) s
$$;
