-- give_claim_again: write, queue, since version 1
-- Reserves a claim whose answer was lost for whoever asks first, so that two processes do not answer it at once. It is not noted
-- as given: that does the process which hands it out, and if it does not, the claim can be given again after three seconds,
-- as often as that happens. False: it was given again just now. Null: its worker was noted as told, or the claim is gone.
create or replace function give_claim_again(
  task_id_in uuid, run_id_in smallint, task_queue_id_in text, worker_group_in text, worker_id_in text, now_in timestamptz
) returns boolean language plpgsql as $$
declare
  last_given timestamptz;
begin
  select c.given_again into last_given from claim c where c.task_id = task_id_in and c.run_id = run_id_in for update;
  if not found or exists (
    select 1 from worker w, unnest(w.recent_task_ids, w.recent_run_ids) r(task_id, run_id)
    where w.task_queue_id = task_queue_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in
      and r.task_id = task_id_in and r.run_id = run_id_in)
  then
    return null;
  end if;
  if last_given > now_in - interval '3 seconds' then
    return false;
  end if;
  update claim set given_again = now_in where claim.task_id = task_id_in;
  return true;
end $$;
