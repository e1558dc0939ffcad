-- get_object: read, object, since version 1
-- A finished object and its content. No row: there is none, or it is unfinished or has expired.
create or replace function get_object(name_in text, now_in timestamptz)
returns table (
  project_id text, expires timestamptz, hashes jsonb, blob_id uuid, content_type text, content_encoding text,
  content_length bigint, sha256 text, sha512 text
)
language sql stable as $$
  select object.project_id, object.expires, object.hashes, blob.blob_id, blob.content_type, blob.content_encoding,
    blob.content_length, blob.sha256, blob.sha512
  from object join blob using (blob_id)
  where object.name = name_in and object.finished is not null and object.expires > now_in;
$$;
