-- discard_outbox: write, relay, since version 1
-- Deletes the oldest events of a shard unread, for when no queue is bound; how many.
create or replace function discard_outbox(shard_in smallint, limit_in int) returns bigint language sql as $$
  with gone as (
    delete from outbox
    where ctid = any(array(select x.ctid from outbox x where x.shard = shard_in order by x.id limit limit_in for update skip locked))
    returning 1)
  select count(*) from gone
$$;
