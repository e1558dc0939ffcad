-- same_content: read, object, since version 1
-- Whether a piece of content equals the given one in all that a reader can tell.
create or replace function same_content(
  held_in uuid, content_type_in text, content_encoding_in text, content_length_in bigint, sha256_in text, sha512_in text
) returns boolean
language sql stable as $$
  select exists (
    select from blob
    where blob.blob_id = held_in and blob.content_type = content_type_in and blob.content_length = content_length_in
      and blob.content_encoding = content_encoding_in and blob.sha256 = sha256_in and blob.sha512 = sha512_in
  );
$$;
