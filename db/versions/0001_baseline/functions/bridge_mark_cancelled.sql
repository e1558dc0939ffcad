-- bridge_mark_cancelled: write, bridge, since version 1
-- Marks the open requests of these tasks, up to these runs, as cancelled. How many were not marked before.
create or replace function bridge_mark_cancelled(master_in text, task_ids_in uuid[], run_ids_in smallint[], now_in timestamptz)
returns int language plpgsql as $$
declare
  changed int;
begin
  -- In the order of the ids, as everybody locks requests.
  perform 1 from bridge_request b join unnest(task_ids_in) u(task_id) on b.task_id = u.task_id
  where b.master = master_in and b.state <> 'resolved' order by b.id for update of b;
  update bridge_request b set intent = 'cancel', next_check = now_in, notifications = b.notifications + 1, version = b.version + 1, updated = now_in
  from unnest(task_ids_in, run_ids_in) u(task_id, run_id)
  where b.master = master_in and b.task_id = u.task_id and b.run_id <= u.run_id and b.state <> 'resolved' and b.intent = 'run';
  get diagnostics changed = row_count;
  return changed;
end $$;
