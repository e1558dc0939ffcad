-- get_upload: read, object, since version 1
-- An object under this upload id, finished or not: what its content has to match. No row: there is none.
create or replace function get_upload(name_in text, upload_id_in uuid) returns table (finished boolean, hashes jsonb)
language sql stable as $$
  select object.finished is not null, object.hashes from object
  where object.name = name_in and object.upload_id = upload_id_in;
$$;
