-- unheld_blobs: read, object, since version 2
-- Pieces of content to sweep away, the oldest first. The minute leaves room for clocks that differ: none of these
-- can find a holder any more.
create or replace function unheld_blobs(limit_in integer, now_in timestamptz) returns table (blob_id uuid)
language sql stable as $$
  select blob.blob_id from blob
  where blob.delete_after < now_in - interval '1 minute'
  order by blob.delete_after limit limit_in;
$$;
