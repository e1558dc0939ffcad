-- store_artifact_content: write, queue, since version 1
-- Attaches completely written content to an s3 artifact. A later upload replaces an earlier one while the run is running; once
-- the run is resolved, the content that is there is final, and only the first may still come.
-- outcome: stored, same (equal content is there), late, missing (no such artifact, or of another kind), finished
-- (the run is resolved, and other content is there).
create or replace function store_artifact_content(
  task_id_in uuid, run_id_in smallint, name_in text, blob_id_in uuid, content_type_in text, content_encoding_in text,
  content_length_in bigint, sha256_in text, sha512_in text, now_in timestamptz
) returns text
language plpgsql as $$
declare
  known artifact%rowtype;
  run_state smallint;
  outcome text;
begin
  -- The task before the artifact, as create_artifact does. Whoever resolves the run locks the task for update: it
  -- either waits until this content is committed, or has committed before and its resolution is seen below.
  perform from task where task.task_id = task_id_in for share;
  select * into known from artifact
  where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in) for update;
  if not found or known.storage_type <> storage_type_s3() or known.expires <= now_in then
    return 'missing';
  end if;
  select run.state into run_state from run_of_task(task_id_in, run_id_in) as run;
  if known.blob_id is not null and run_state is distinct from task_state_running() then
    return case
      when same_content(known.blob_id, content_type_in, content_encoding_in, content_length_in, sha256_in, sha512_in)
        then 'same'
      else 'finished'
    end;
  end if;
  outcome := hold_blob(blob_id_in, known.blob_id, content_type_in, content_encoding_in, content_length_in,
    sha256_in, sha512_in, now_in);
  if outcome = 'stored' then
    update artifact set blob_id = blob_id_in, content_length = content_length_in
    where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in);
  end if;
  return outcome;
end
$$;
