-- get_artifact: read, queue, since version 1
-- One artifact, as it is: links are not followed, absence of content is not judged.
create or replace function get_artifact(task_id_in uuid, run_id_in smallint, name_in text)
returns table (
  storage_type smallint, content_type text, details jsonb, present boolean, expires timestamptz, content_length bigint,
  blob_id uuid
)
language sql stable as $$
  select artifact.storage_type, artifact.content_type, artifact.details, artifact.present, artifact.expires,
    artifact.content_length, artifact.blob_id
  from artifact
  where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in);
$$;
