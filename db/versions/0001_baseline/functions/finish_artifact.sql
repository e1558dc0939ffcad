-- finish_artifact: write, queue, since version 1
-- Makes an object artifact present, if the object service holds its finished object under this upload id, and emits its
-- event; a repeat emits it again. The artifact's length is from then on that of what is stored, and the object lives at least
-- as long as the artifact: its name is how the content is found, and must not become free.
-- outcome: finished, missing, not_object, other_upload, unfinished (there is no such object).
create or replace function finish_artifact(
  task_id_in uuid, run_id_in smallint, name_in text, object_name_in text, upload_id_in uuid, trace_in text,
  now_in timestamptz
) returns text
language plpgsql as $$
declare
  known artifact%rowtype;
  stored_blob uuid;
begin
  select * into known from artifact
  where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in) for update;
  if not found then
    return 'missing';
  elsif known.storage_type <> storage_type_object() then
    return 'not_object';
  elsif not known.present and known.details ->> 'uploadId' <> upload_id_in::text then
    return 'other_upload';
  end if;
  -- Locks the object, so that it does not expire before the end of the transaction.
  update object set expires = greatest(object.expires, known.expires)
  where object.name = object_name_in and object.upload_id = upload_id_in and object.finished is not null
    and object.expires > now_in
  returning object.blob_id into stored_blob;
  if not found then
    return case when known.present then 'other_upload' else 'unfinished' end;
  end if;
  update artifact set present = true, details = '{}',
    content_length = (select blob.content_length from blob where blob.blob_id = stored_blob)
  where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in);
  perform emit_artifact_created(task_id_in, run_id_in, name_in, trace_in, now_in);
  return 'finished';
end
$$;
