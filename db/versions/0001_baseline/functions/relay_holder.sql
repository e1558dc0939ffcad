-- relay_holder: read, relay, since version 1
-- The server process of the relay that holds the lock of a shard, since when its state has not changed, and whether events
-- wait.
create or replace function relay_holder(shard_in smallint) returns table (pid int, since timestamptz, waiting boolean) language sql stable as $$
  select l.pid, a.state_change, exists (select 1 from outbox o where o.shard = shard_in)
  from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'advisory' and l.classid = lock_outbox_shard() and l.objid = shard_in::int and l.granted and a.state = 'idle'
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
$$;
