-- bridge_unwant: write, bridge, since version 1
-- Nobody waits any more for these tasks up to these runs: their open requests are to be cancelled. Answers how many were not yet.
create or replace function bridge_unwant(master_in text, task_ids_in uuid[], run_ids_in smallint[], now_in timestamptz)
returns int language plpgsql as $$
declare
  changed int;
begin
  perform 1 from bridge_request b join unnest(task_ids_in) u(task_id) on b.task_id = u.task_id
  where b.master = master_in and b.state <> 'resolved' order by b.id for update of b;
  update bridge_request b set wanted = 'cancel', next_check = now_in, pokes = b.pokes + 1, version = b.version + 1, updated = now_in
  from unnest(task_ids_in, run_ids_in) u(task_id, run_id)
  where b.master = master_in and b.task_id = u.task_id and b.run_id <= u.run_id and b.state <> 'resolved' and b.wanted = 'run';
  get diagnostics changed = row_count;
  return changed;
end $$;
