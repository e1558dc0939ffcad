-- workers_get: read, queue, since version 1
-- Workers of a queue that have not expired (or are quarantined), after the given one, in order of group and id; or one worker.
create or replace function workers_get(
  task_queue_id_in text, worker_group_in text, worker_id_in text, after_group_in text, after_id_in text, page_size_in int, now_in timestamptz
) returns setof worker language sql stable as $$
  select * from worker w where w.task_queue_id = task_queue_id_in
    and (worker_group_in is null or (w.worker_group = worker_group_in and w.worker_id = worker_id_in))
    and (w.expires > now_in or w.quarantine_until > now_in)
    and (after_group_in is null or (w.worker_group, w.worker_id) > (after_group_in, after_id_in))
  order by w.worker_group, w.worker_id limit page_size_in
$$;
