-- hold_blob: write, object, since version 1
-- Makes a completely written piece of content the one that the caller's object or artifact references, in place of held_in
-- (null: none). stored: done, the old one is released. same: the old one is equal and stays. late: the new one may have been
-- deleted already. Called by the functions that have locked the object or artifact.
create or replace function hold_blob(
  blob_id_in uuid, held_in uuid, content_type_in text, content_encoding_in text, content_length_in bigint,
  sha256_in text, sha512_in text, now_in timestamptz
) returns text
language plpgsql as $$
begin
  if same_content(held_in, content_type_in, content_encoding_in, content_length_in, sha256_in, sha512_in) then
    return 'same';
  end if;
  update blob set content_type = content_type_in, content_encoding = content_encoding_in, sha256 = sha256_in,
    sha512 = sha512_in, content_length = content_length_in, delete_after = null
  where blob.blob_id = blob_id_in and blob.delete_after > now_in;
  if not found then
    return 'late';
  end if;
  update blob set delete_after = now_in where blob.blob_id = held_in;
  return 'stored';
end
$$;
