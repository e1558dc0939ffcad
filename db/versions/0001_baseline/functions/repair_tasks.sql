-- repair_tasks: write, queue, since version 1
-- Compares unresolved tasks before their deadline with their other rows, and repairs what does not fit: running without a
-- claim, pending without a pending row, unscheduled without unsatisfied dependencies. None should ever be found. One row per
-- repair.
create or replace function repair_tasks(page_size_in int, now_in timestamptz)
returns table (task_id uuid, problem text, task_queue_id text) language plpgsql as $$
#variable_conflict use_column
declare
  r record;
begin
  for r in
    select t.task_id, t.state, t.run_id, t.taken_until, t.started, t.task_queue_id, t.retries_left
    from task t
    where t.deadline > now_in and (
      (t.state = task_state_running() and not exists (select 1 from claim c where c.task_id = t.task_id))
      or (t.state = task_state_pending() and not exists (select 1 from pending p where p.task_queue_id = t.task_queue_id and p.priority = t.priority and p.seq = t.pending_seq))
      or (t.state = task_state_unscheduled() and t.unsatisfied_dependencies <= 0))
    order by t.task_id limit page_size_in for update of t skip locked
  loop
    task_id := r.task_id; task_queue_id := r.task_queue_id;
    if r.state = task_state_running() then
      problem := 'running without a claim';
      insert into claim (task_id, run_id, taken_until, claimed, task_queue_id)
      values (r.task_id, r.run_id, coalesce(r.taken_until, now_in), coalesce(r.started, now_in), r.task_queue_id) on conflict do nothing;
    elsif r.state = task_state_pending() then
      problem := 'pending without a pending row';
      update task t set pending_seq = nextval('pending_seq') where t.task_id = r.task_id;
      insert into pending (task_queue_id, priority, seq, task_id, run_id, inserted, deadline)
      select t.task_queue_id, t.priority, t.pending_seq, t.task_id, t.run_id, now_in, t.deadline from task t where t.task_id = r.task_id;
    else
      problem := 'unscheduled with nothing to wait for';
      perform start_run(r.task_id, reason_created_scheduled(), r.retries_left, null, now_in);
    end if;
    return next;
  end loop;
end $$;
