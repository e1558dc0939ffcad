-- finish_upload: write, object, since version 1
-- Makes an object visible and final, if its content is there and has the promised hashes, given now or at the creation.
-- Content that has not is released, so that another upload can take its place.
-- outcome: finished (also when it was before), missing, differs (in field), empty (no content yet), altered (the content does
-- not have the hash that field names), closed (a new hash after the end).
create or replace function finish_upload(
  name_in text, project_id_in text, upload_id_in uuid, hashes_in jsonb, now_in timestamptz
) returns table (outcome text, field text)
language plpgsql as $$
declare
  known object%rowtype;
  actual jsonb;
begin
  select * into known from object where object.name = name_in for update;
  if not found then
    return query select 'missing', null::text;
    return;
  end if;
  field := case
    when known.upload_id <> upload_id_in then 'uploadId'
    when known.project_id <> project_id_in then 'projectId'
    else 'hashes.' || differing_hash(known.hashes, hashes_in)
  end;
  if field is not null then
    return query select 'differs', field;
    return;
  end if;
  if known.finished is not null then
    return query select case when known.hashes @> hashes_in then 'finished' else 'closed' end, 'hashes';
    return;
  end if;
  select jsonb_build_object('sha256', blob.sha256, 'sha512', blob.sha512) into actual
  from blob where blob.blob_id = known.blob_id;
  if not found then
    return query select 'empty', null::text;
    return;
  end if;
  field := 'hashes.' || differing_hash(actual, known.hashes || hashes_in);
  if field is not null then
    update blob set delete_after = now_in where blob.blob_id = known.blob_id;
    update object set blob_id = null where object.name = name_in;
    return query select 'altered', field;
    return;
  end if;
  update object set finished = now_in, hashes = object.hashes || hashes_in where object.name = name_in;
  return query select 'finished', null::text;
end
$$;
