-- set_multipart_id: write, object, since version 1
-- Records the multipart upload that a store has opened for a piece of content, so that it can be aborted when the process that
-- began it is gone.
create or replace function set_multipart_id(blob_id_in uuid, multipart_id_in text) returns void
language sql as $$
  update blob set multipart_id = multipart_id_in where blob.blob_id = blob_id_in;
$$;
