-- bridge_add_pending: write, bridge, since version 1
-- Records that these runs are pending for a master, each once. A run that follows an earlier one whose request is still open
-- and not cancelled shares that request; any other gets a request of its own. How many were new.
create or replace function bridge_add_pending(
  master_in text, task_ids_in uuid[], run_ids_in smallint[], deadlines_in timestamptz[], expires_in timestamptz[], now_in timestamptz
) returns int language plpgsql as $$
declare
  w record;
  b bridge_request;
  added int := 0;
begin
  for w in
    select u.task_id, u.run_id, u.deadline, u.expires from unnest(task_ids_in, run_ids_in, deadlines_in, expires_in) u(task_id, run_id, deadline, expires)
    where not exists (select 1 from bridge_run r where r.task_id = u.task_id and r.run_id = u.run_id)
    order by u.task_id, u.run_id
  loop
    -- One at a time per task: bridge_save may write the record of the same run.
    perform pg_advisory_xact_lock(hashtextextended('bridge/' || w.task_id, 0));
    continue when exists (select 1 from bridge_run r where r.task_id = w.task_id and r.run_id = w.run_id);
    select * into b from bridge_request q
    where q.master = master_in and q.task_id = w.task_id and q.state <> 'resolved' and q.intent = 'run' and q.first_run < w.run_id
    order by q.id desc limit 1 for update;
    if not found then
      insert into bridge_request (master, task_id, first_run, run_id, deadline, expires, next_check, created, updated)
      values (master_in, w.task_id, w.run_id, w.run_id, w.deadline, w.expires, now_in, now_in, now_in) returning * into b;
    elsif b.run_id < w.run_id then
      update bridge_request q set run_id = w.run_id, state = case when q.request_id is null then 'pending_create' else 'created' end,
        taken_until = null, reclaim_at = null, result = null, ended = null, next_check = now_in, notifications = q.notifications + 1,
        version = q.version + 1, updated = now_in
      where q.id = b.id;
    end if;
    insert into bridge_run (task_id, run_id, request) values (w.task_id, w.run_id, b.id);
    added := added + 1;
  end loop;
  return added;
end $$;
