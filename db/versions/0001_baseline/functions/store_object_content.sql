-- store_object_content: write, object, since version 1
-- Attaches completely written content to an unfinished object; a later upload replaces an earlier one.
-- outcome: stored, same (equal content is there), late, missing (no such upload), finished, differs (from the
-- promised hash that field names).
create or replace function store_object_content(
  name_in text, upload_id_in uuid, blob_id_in uuid, content_type_in text, content_encoding_in text,
  content_length_in bigint, sha256_in text, sha512_in text, now_in timestamptz
) returns table (outcome text, field text)
language plpgsql as $$
declare
  known object%rowtype;
  given jsonb := jsonb_build_object('sha256', sha256_in, 'sha512', sha512_in);
begin
  select * into known from object where object.name = name_in and object.upload_id = upload_id_in for update;
  field := 'hashes.' || differing_hash(known.hashes, given);
  outcome := case
    when known.name is null then 'missing'
    when field is not null then 'differs'
    when known.finished is not null then 'finished'
    else hold_blob(blob_id_in, known.blob_id, content_type_in, content_encoding_in, content_length_in,
      sha256_in, sha512_in, now_in)
  end;
  if outcome = 'stored' then
    update object set blob_id = blob_id_in where object.name = name_in;
  end if;
  return next;
end
$$;
