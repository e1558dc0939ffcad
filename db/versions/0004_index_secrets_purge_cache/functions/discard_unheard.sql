-- discard_unheard: write, relay, since version 4
-- Drops the oldest events of a shard unread that are of other kinds than these, for when nobody listens to the others; answers how many.
create or replace function discard_unheard(shard_in smallint, heard_in smallint[], limit_in int) returns bigint language sql as $$
  with gone as (
    delete from outbox
    where ctid = any(array(
      select x.ctid from outbox x where x.shard = shard_in and x.kind <> all(heard_in) order by x.id limit limit_in for update skip locked))
    returning 1)
  select count(*) from gone
$$;
