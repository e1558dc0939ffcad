-- expire_claims: write, queue, since version 1
-- Ends runs whose claims have expired, at most so many; those past their deadline are left to expire_deadlines. First row:
-- how many were ended, queue null; further rows: queues in which tasks became pending.
create or replace function expire_claims(page_size_in int, now_in timestamptz) returns table (task_queue_id text, count bigint) language plpgsql as $$
declare
  ids uuid[];
  n int;
begin
  -- Tasks that somebody works on are skipped: their claim is being extended or their run reported.
  ids := array(
    select t.task_id from claim c join task t on t.task_id = c.task_id and t.run_id = c.run_id
    where c.taken_until <= now_in and t.state = task_state_running() and t.taken_until <= now_in and t.deadline >= now_in
    limit page_size_in for update of t skip locked);
  n := cardinality(ids);
  task_queue_id := null; count := n;
  return next;
  if n > 0 then
    return query select * from end_runs(ids, array_fill(task_state_exception(), array[n]), array_fill(reason_resolved_claim_expired(), array[n]), null, now_in);
  end if;
end $$;
