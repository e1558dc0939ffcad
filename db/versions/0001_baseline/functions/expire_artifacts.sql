-- expire_artifacts: write, queue, since version 1
-- Deletes artifacts half an hour after their expiry, and releases their content. How many.
create or replace function expire_artifacts(limit_in integer, now_in timestamptz) returns integer
language plpgsql as $$
declare
  gone integer;
begin
  with due as (
    select artifact.task_id, artifact.run_id, artifact.name from artifact
    where artifact.expires < now_in - interval '30 minutes'
    limit limit_in for update skip locked
  ), dropped as (
    delete from artifact using due
    where (artifact.task_id, artifact.run_id, artifact.name) = (due.task_id, due.run_id, due.name)
    returning artifact.blob_id
  ), given_up as (
    update blob set delete_after = now_in from dropped where blob.blob_id = dropped.blob_id
  )
  select count(*) into gone from dropped;
  return gone;
end
$$;
