-- move_priority: write, queue, since version 1
-- Gives tasks whose rows the caller has locked another priority, in the pending table too, where they keep their order.
create or replace function move_priority(task_ids_in uuid[], priority_in smallint) returns void language plpgsql as $$
begin
  with d as (
    delete from pending p using unnest(task_ids_in) u(task_id) join task t on t.task_id = u.task_id
    where p.task_queue_id = t.task_queue_id and p.priority = t.priority and p.seq = t.pending_seq returning p.*)
  insert into pending (task_queue_id, priority, seq, task_id, run_id, inserted, deadline)
  select d.task_queue_id, priority_in, d.seq, d.task_id, d.run_id, d.inserted, d.deadline from d;
  update task t set priority = priority_in from unnest(task_ids_in) u(task_id) where t.task_id = u.task_id;
end $$;
