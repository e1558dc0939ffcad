-- queue_counts: read, queue, since version 1
-- Pending and claimed tasks of a queue.
create or replace function queue_counts(task_queue_id_in text, now_in timestamptz) returns table (pending bigint, claimed bigint) language sql stable as $$
  select (select count(*) from pending p where p.task_queue_id = task_queue_id_in and p.deadline > now_in),
         (select count(*) from claim c where c.task_queue_id = task_queue_id_in and c.taken_until > now_in)
$$;
