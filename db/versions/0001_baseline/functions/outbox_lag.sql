-- outbox_lag: read, bus, since version 1
-- How far behind the relay is: for each shard how many events wait, the id and time of the oldest, and the server process of
-- the relay that holds its lock. The first shard is always among them.
create or replace function outbox_lag() returns table (shard smallint, waiting bigint, oldest_id bigint, oldest timestamptz, held_by int)
language sql stable as $$
  select s.shard, count(o.id), min(o.id), min(o.at),
         (select l.pid from pg_locks l where l.locktype = 'advisory' and l.classid = lock_outbox_shard() and l.objid = s.shard::int and l.granted
            and l.database = (select d.oid from pg_database d where d.datname = current_database()))
  from (select 0::smallint as shard union select x.shard from outbox x) s left join outbox o on o.shard = s.shard
  group by s.shard order by s.shard
$$;
