-- note_multipart: write, object, since version 1
-- Writes down the upload in parts that a store has opened for a piece of content, so that a sweep can end it when the
-- process that began it is gone.
create or replace function note_multipart(blob_id_in uuid, multipart_id_in text) returns void
language sql as $$
  update blob set multipart_id = multipart_id_in where blob.blob_id = blob_id_in;
$$;
