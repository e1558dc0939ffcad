-- list_artifacts: read, queue, since version 1
-- Artifacts of one run by name, from after_name_in on; also those without content yet or that have expired.
create or replace function list_artifacts(task_id_in uuid, run_id_in smallint, after_name_in text, limit_in bigint)
returns table (name text, storage_type smallint, content_type text, expires timestamptz, content_length bigint)
language sql stable as $$
  select artifact.name, artifact.storage_type, artifact.content_type, artifact.expires, artifact.content_length
  from artifact
  where artifact.task_id = task_id_in and artifact.run_id = run_id_in
    and (after_name_in is null or artifact.name > after_name_in collate "C")
  order by artifact.name limit limit_in;
$$;
