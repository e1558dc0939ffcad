-- claimed_tasks: read, queue, since version 1
-- Claimed tasks of a queue in order of their ids, after the given one.
create or replace function claimed_tasks(task_queue_id_in text, after_in uuid, page_size_in int, now_in timestamptz)
returns table (task_id uuid, run_id smallint, worker_group text, worker_id text, claimed timestamptz, priority smallint, stored_priority smallint, body text)
language sql stable as $$
  select c.task_id, c.run_id, t.worker_group, t.worker_id, c.claimed, t.priority, d.priority, d.body
  from claim c join task t on t.task_id = c.task_id and t.run_id = c.run_id join task_definition d on d.task_id = c.task_id
  where c.task_queue_id = task_queue_id_in and c.taken_until > now_in and (after_in is null or c.task_id > after_in)
  order by c.task_id limit page_size_in
$$;
