-- forget_outbox: write, relay, since version 1
-- The world was told of these events.
create or replace function forget_outbox(ids_in bigint[]) returns void language sql as $$
  delete from outbox where id = any(ids_in)
$$;
