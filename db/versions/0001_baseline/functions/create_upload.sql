-- create_upload: write, object, since version 1
-- Fixes project, upload id and expiry of an object before its content comes. A repeat may add hashes.
-- outcome: open, differs (in field), finished.
create or replace function create_upload(
  name_in text, project_id_in text, backend_id_in text, upload_id_in uuid, expires_in timestamptz, hashes_in jsonb,
  now_in timestamptz
) returns table (outcome text, field text)
language plpgsql as $$
declare
  known object%rowtype;
begin
  loop
    insert into object (name, project_id, backend_id, upload_id, upload_expires, expires, hashes, created)
    values (name_in, project_id_in, backend_id_in, upload_id_in, now_in + interval '1 day', expires_in, hashes_in, now_in)
    on conflict do nothing;
    if found then
      return query select 'open', null::text;
      return;
    end if;
    select * into known from object where object.name = name_in for update;
    exit when found;
    -- No such name, so another object has the upload id. Or the conflicting object was deleted between the two
    -- statements: then the insert is tried again.
    if exists (select from object where object.upload_id = upload_id_in) then
      return query select 'differs', 'uploadId';
      return;
    end if;
  end loop;
  field := case
    when known.upload_id <> upload_id_in then 'uploadId'
    when known.project_id <> project_id_in then 'projectId'
    when known.expires <> expires_in then 'expires'
    else 'hashes.' || differing_hash(known.hashes, hashes_in)
  end;
  if field is not null then
    outcome := 'differs';
  elsif known.finished is not null then
    outcome := 'finished';
  else
    outcome := 'open';
    update object set hashes = object.hashes || hashes_in where object.name = name_in and not object.hashes @> hashes_in;
  end if;
  return next;
end
$$;
