-- create_artifact: write, queue, since version 1
-- Writes one artifact of a run, or updates it as far as a repeat may, and emits its event if no content is still to come
-- (reference, link, error).
-- outcome: written, no_task, no_run, unclaimed, outlives_task, run_over, differs (in field).
-- Where it is `written`, the other columns describe the run; for outlives_task expires is that of the task.
create or replace function create_artifact(
  task_id_in uuid, run_id_in smallint, name_in text, storage_type_in smallint, content_type_in text, details_in jsonb,
  expires_in timestamptz, content_length_in bigint, trace_in text, now_in timestamptz
) returns table (
  outcome text, field text, expires timestamptz, project_id text, worker_group text, worker_id text
)
language plpgsql as $$
#variable_conflict use_column
declare
  run record;
  known artifact%rowtype;
  fresh boolean;
begin
  -- Shared: several artifacts of a run are written at once, and whoever ends the run waits until they are.
  perform from task where task.task_id = task_id_in for share;
  if not found then
    return query select 'no_task', null::text, null::timestamptz, null::text, null::text, null::text;
    return;
  end if;
  select * into run from run_of_task(task_id_in, run_id_in);
  outcome := case
    when run.run_id is null then 'no_run'
    when run.worker_group is null then 'unclaimed'
    when run.task_expires < expires_in then 'outlives_task'
    when not (run.state = task_state_running()
              or (run.state = task_state_exception() and run.resolved > now_in - interval '25 minutes')) then 'run_over'
  end;
  expires := run.task_expires;
  if outcome is not null then
    return next;
    return;
  end if;

  -- Always the task before its artifacts.
  loop
    insert into artifact (task_id, run_id, name, storage_type, content_type, details, present, expires, content_length)
    values (task_id_in, run_id_in, name_in, storage_type_in, content_type_in, details_in,
      storage_type_in <> storage_type_object(), expires_in, content_length_in)
    on conflict do nothing;
    fresh := found;
    exit when fresh;
    select * into known from artifact
    where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in) for update;
    -- The conflicting row may have been deleted between the two statements: then the insert is tried again.
    exit when found;
  end loop;
  if not fresh then
    field := case
      when known.storage_type <> storage_type_in
        and not (known.storage_type = storage_type_reference() and storage_type_in = storage_type_link()) then 'storageType'
      when known.content_type <> content_type_in and storage_type_in <> storage_type_link() then 'contentType'
      when known.expires > expires_in then 'expires'
      when known.storage_type = storage_type_in and storage_type_in <> storage_type_reference()
        and known.details <> details_in then 'details'
    end;
    if field is not null then
      outcome := 'differs';
      return next;
      return;
    end if;
    update artifact set storage_type = storage_type_in, details = details_in, expires = expires_in
    where (artifact.task_id, artifact.run_id, artifact.name) = (task_id_in, run_id_in, name_in);
  end if;

  if storage_type_in >= storage_type_reference() then
    perform emit_artifact_created(task_id_in, run_id_in, name_in, trace_in, now_in);
  end if;
  return query select 'written', null::text, expires_in, run.project_id, run.worker_group, run.worker_id;
end
$$;
