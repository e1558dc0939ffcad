-- retire_worker: write, queue, since version 1
-- Ends the runs of a worker that is gone as worker-shutdown, which gives each task another run where it has retries left. First
-- row: how many were ended, queue null; further rows: queues in which tasks became pending.
create or replace function retire_worker(task_queue_id_in text, worker_group_in text, worker_id_in text, now_in timestamptz)
returns table (task_queue_id text, count bigint) language plpgsql as $$
declare
  ids uuid[];
  n int;
begin
  -- In the order of the ids, as everybody locks tasks.
  ids := array(
    select t.task_id from claim c join task t on t.task_id = c.task_id and t.run_id = c.run_id
    where c.task_queue_id = task_queue_id_in and t.worker_group = worker_group_in and t.worker_id = worker_id_in and t.state = task_state_running()
    order by t.task_id for update of t);
  n := cardinality(ids);
  task_queue_id := null; count := n;
  return next;
  if n > 0 then
    return query select * from end_runs(ids, array_fill(task_state_exception(), array[n]), array_fill(reason_resolved_worker_shutdown(), array[n]), null, now_in);
  end if;
end $$;
