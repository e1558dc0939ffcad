-- delete_outbox: write, relay, since version 1
-- Deletes events that were sent.
create or replace function delete_outbox(ids_in bigint[]) returns void language sql as $$
  delete from outbox where id = any(ids_in)
$$;
