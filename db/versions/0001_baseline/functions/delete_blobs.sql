-- delete_blobs: write, object, since version 1
-- Deletes the rows of content that was deleted from its store. Content that is referenced again keeps its row.
create or replace function delete_blobs(blob_ids_in uuid[]) returns void
language sql as $$
  delete from blob where blob.blob_id = any(blob_ids_in) and blob.delete_after is not null;
$$;
