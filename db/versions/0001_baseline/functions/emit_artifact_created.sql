-- emit_artifact_created: write, queue, since version 1
-- Leaves word of an artifact that is there now. The content's length is no part of the message.
create or replace function emit_artifact_created(
  task_id_in uuid, run_id_in smallint, name_in text, trace_in text, now_in timestamptz
) returns void
language sql as $$
  select emit_task_events(4::smallint, array[task_id_in], array[run_id_in], array[trace_in],
    jsonb_build_object('storageType', artifact.storage_type, 'name', artifact.name, 'expires', artifact.expires,
      'contentType', artifact.content_type), now_in)
  from artifact
  where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in);
$$;
