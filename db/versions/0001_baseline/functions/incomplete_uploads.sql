-- incomplete_uploads: read, queue, since version 1
-- Names of the artifacts of a run whose content is still to come, in order: object artifacts that are not present, and
-- s3 artifacts without content. Expired ones wait for nothing.
create or replace function incomplete_uploads(
  task_id_in uuid, run_id_in smallint, limit_in integer, now_in timestamptz
) returns table (name text)
language sql stable as $$
  select artifact.name from artifact
  where artifact.task_id = task_id_in and artifact.run_id = run_id_in and artifact.expires > now_in
    and (not artifact.present or (artifact.storage_type = storage_type_s3() and artifact.blob_id is null))
  order by artifact.name limit limit_in;
$$;
