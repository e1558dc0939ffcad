-- unheld_content: read, object, since version 1
-- Unreferenced content in the named stores to delete, the oldest first. The minute leaves room for clocks that differ: none of
-- it can become referenced any more.
create or replace function unheld_content(store_ids_in text[], limit_in integer, now_in timestamptz)
returns table (blob_id uuid, store_id text, multipart_id text)
language sql stable as $$
  select blob.blob_id, blob.store_id, blob.multipart_id from blob
  where blob.delete_after < now_in - interval '1 minute' and blob.store_id = any(store_ids_in)
  order by blob.delete_after limit limit_in;
$$;
