-- answer_claim_again: write, queue, since version 12
-- Notes that a worker is now told of a claim whose first answer was lost. False: it was noted before, by whoever was faster, or
-- the claim is gone.
create or replace function answer_claim_again(
  task_id_in uuid, run_id_in smallint, task_queue_id_in text, worker_group_in text, worker_id_in text, now_in timestamptz
) returns boolean language plpgsql as $$
declare
  w worker;
begin
  insert into worker (task_queue_id, worker_group, worker_id, first_claim, last_date_active, expires)
  values (task_queue_id_in, worker_group_in, worker_id_in, now_in, now_in, now_in + interval '1 day') on conflict do nothing;
  select * into w from worker x
  where x.task_queue_id = task_queue_id_in and x.worker_group = worker_group_in and x.worker_id = worker_id_in for update;
  if exists (select 1 from unnest(w.recent_task_ids, w.recent_run_ids) r(task_id, run_id) where r.task_id = task_id_in and r.run_id = run_id_in)
     or not exists (select 1 from claim c where c.task_id = task_id_in and c.run_id = run_id_in) then
    return false;
  end if;
  perform note_workers(array[task_queue_id_in], array[worker_group_in], array[worker_id_in], array[now_in],
                       array[1], array[task_id_in], array[run_id_in]);
  return true;
end $$;
