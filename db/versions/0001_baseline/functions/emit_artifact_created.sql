-- emit_artifact_created: write, queue, since version 1
-- Emits the event of an artifact that is complete now. The content's length is no part of it.
create or replace function emit_artifact_created(
  task_id_in uuid, run_id_in smallint, name_in text, trace_in text, now_in timestamptz
) returns void
language sql as $$
  select emit_task_events(event_artifact_created(), array[task_id_in], array[run_id_in], array[trace_in],
    jsonb_build_object('storage_type', artifact.storage_type, 'name', artifact.name, 'expires', artifact.expires,
      'content_type', artifact.content_type), now_in)
  from artifact
  where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in);
$$;
