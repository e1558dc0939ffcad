-- get_content: read, object, since version 1
-- One referenced piece of content, and the store it is in. No row: there is none, or nothing references it any more.
create or replace function get_content(blob_id_in uuid) returns table (
  store_id text, content_type text, content_encoding text, content_length bigint, sha256 text, sha512 text
)
language sql stable as $$
  select blob.store_id, blob.content_type, blob.content_encoding, blob.content_length, blob.sha256, blob.sha512
  from blob where blob.blob_id = blob_id_in and blob.delete_after is null;
$$;
