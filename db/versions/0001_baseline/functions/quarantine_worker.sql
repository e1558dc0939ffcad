-- quarantine_worker: write, queue, since version 1
-- Keeps a known worker from tasks until a time; the details grow by one entry. No row: the worker was never seen.
create or replace function quarantine_worker(
  task_queue_id_in text, worker_group_in text, worker_id_in text, quarantine_until_in timestamptz, details_in jsonb, now_in timestamptz
) returns setof worker language sql as $$
  update worker w set quarantine_until = quarantine_until_in, quarantine_details = w.quarantine_details || details_in
  where w.task_queue_id = task_queue_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in
    and (w.expires > now_in or w.quarantine_until > now_in)
  returning *
$$;
