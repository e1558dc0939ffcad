-- pending_tasks: read, queue, since version 1
-- Pending tasks of a queue, oldest first, after the given sequence number; the number comes as `seq`.
create or replace function pending_tasks(task_queue_id_in text, after_in bigint, page_size_in int, now_in timestamptz)
returns table (seq bigint, task_id uuid, run_id smallint, inserted timestamptz, priority smallint, stored_priority smallint, body text)
language sql stable as $$
  select p.seq, p.task_id, p.run_id, p.inserted, p.priority, d.priority, d.body
  from (select * from pending p where p.task_queue_id = task_queue_id_in and p.deadline > now_in and (after_in is null or p.seq > after_in)
        order by p.seq limit page_size_in) p
  join task_definition d on d.task_id = p.task_id order by p.seq
$$;
