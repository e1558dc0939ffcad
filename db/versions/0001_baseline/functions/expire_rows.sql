-- expire_rows: write, queue, since version 1
-- Deletes what expired before the given time: tasks with all their rows, groups, submitted graphs, queues, workers (unless
-- quarantined for longer), pending rows past their deadline. At most page_size_in of each; how many tasks.
create or replace function expire_rows(before_in timestamptz, page_size_in int, now_in timestamptz) returns int language plpgsql as $$
declare
  ids uuid[];
  n int;
begin
  -- Tasks that somebody works on are skipped. The task's row goes last, since the others are found by it.
  ids := array(select t.task_id from task t where t.expires < before_in limit page_size_in for update skip locked);
  delete from pending p using task t where t.task_id = any(ids)
    and p.task_queue_id = t.task_queue_id and p.priority = t.priority and p.seq = t.pending_seq;
  delete from claim where task_id = any(ids);
  delete from task_dependency where required = any(ids);
  delete from task_run_past where task_id = any(ids);
  delete from task_note where task_id = any(ids);
  delete from task_definition where task_id = any(ids);
  delete from task where task_id = any(ids);
  n := cardinality(ids);
  delete from task_group g where g.task_group_id = any(array(
    select x.task_group_id from task_group x where x.expires < before_in
      and not exists (select 1 from task t where t.task_group_id = x.task_group_id) limit page_size_in for update skip locked));
  delete from graph where expires < before_in;
  delete from task_queue where expires < now_in;
  delete from worker w where w.expires < now_in and coalesce(w.quarantine_until < now_in, true);
  return n;
end $$;
