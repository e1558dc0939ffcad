-- finish_artifact: write, queue, since version 2
-- Makes an object artifact present, if the object service holds its finished object under this upload id, and leaves
-- word of it; a repeat leaves word again. What the artifact says of its length is from then on what is stored.
-- outcome: finished, missing, not_object, other_upload, unfinished (the object is not there).
create or replace function finish_artifact(
  task_id_in uuid, run_id_in smallint, name_in text, object_name_in text, upload_id_in uuid, trace_in text,
  now_in timestamptz
) returns text
language plpgsql as $$
declare
  known artifact%rowtype;
  stored_length bigint;
begin
  select * into known from artifact
  where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in) for update;
  if not found then
    return 'missing';
  elsif known.storage_type <> 1 then
    return 'not_object';
  elsif not known.present and known.details ->> 'uploadId' <> upload_id_in::text then
    return 'other_upload';
  end if;
  select blob.content_length into stored_length from object join blob using (blob_id)
  where object.name = object_name_in and object.upload_id = upload_id_in and object.finished is not null;
  if not found then
    return case when known.present then 'other_upload' else 'unfinished' end;
  end if;
  update artifact set present = true, details = '{}', content_length = stored_length
  where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in);
  perform emit_artifact_created(task_id_in, run_id_in, name_in, trace_in, now_in);
  return 'finished';
end
$$;
