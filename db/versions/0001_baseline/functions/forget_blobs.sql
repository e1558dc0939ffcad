-- forget_blobs: write, object, since version 1
-- Drops the rows of content that is deleted from the store. Content that found a holder keeps its row.
create or replace function forget_blobs(blob_ids_in uuid[]) returns void
language sql as $$
  delete from blob where blob.blob_id = any(blob_ids_in) and blob.delete_after is not null;
$$;
