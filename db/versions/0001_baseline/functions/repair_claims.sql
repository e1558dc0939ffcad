-- repair_claims: write, queue, since version 1
-- Deletes claims of runs that are not running: nothing else would, and lists would show them. None should ever be found.
create or replace function repair_claims(page_size_in int) returns table (task_id uuid, problem text, task_queue_id text) language sql as $$
  delete from claim c where c.ctid = any(array(
    select x.ctid from claim x left join task t on t.task_id = x.task_id and t.run_id = x.run_id and t.state = task_state_running()
    where t.task_id is null limit page_size_in for update of x skip locked))
  returning c.task_id, 'a claim of a run that is not running', c.task_queue_id
$$;
