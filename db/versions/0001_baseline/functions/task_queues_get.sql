-- task_queues_get: read, queue, since version 1
-- Task queues that have not expired: one, those of a provisioner, or all, after the given one.
create or replace function task_queues_get(
  task_queue_id_in text, provisioner_id_in text, after_in text, page_size_in int, now_in timestamptz
) returns setof task_queue language sql stable as $$
  select * from task_queue q
  where q.expires > now_in and (task_queue_id_in is null or q.task_queue_id = task_queue_id_in)
    and (provisioner_id_in is null or starts_with(q.task_queue_id, provisioner_id_in || '/'))
    and (after_in is null or q.task_queue_id > after_in)
  order by q.task_queue_id limit page_size_in
$$;
