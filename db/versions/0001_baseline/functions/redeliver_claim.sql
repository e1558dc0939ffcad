-- redeliver_claim: write, queue, since version 1
-- Reserves a claim whose response was lost for whoever asks first, so that two processes do not deliver it at once. The
-- process that delivers it records it (note_workers); if that fails too, it can be delivered again after three seconds, as
-- often as that happens. False: it was redelivered just now. Null: its delivery is recorded, or the claim is gone.
create or replace function redeliver_claim(
  task_id_in uuid, run_id_in smallint, task_queue_id_in text, worker_group_in text, worker_id_in text, now_in timestamptz
) returns boolean language plpgsql as $$
declare
  last_delivery timestamptz;
begin
  select c.redelivered into last_delivery from claim c where c.task_id = task_id_in and c.run_id = run_id_in for update;
  if not found or exists (
    select 1 from worker w, unnest(w.recent_task_ids, w.recent_run_ids) r(task_id, run_id)
    where w.task_queue_id = task_queue_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in
      and r.task_id = task_id_in and r.run_id = run_id_in)
  then
    return null;
  end if;
  if last_delivery > now_in - interval '3 seconds' then
    return false;
  end if;
  update claim set redelivered = now_in where claim.task_id = task_id_in;
  return true;
end $$;
