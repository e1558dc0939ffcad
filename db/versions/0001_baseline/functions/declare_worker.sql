-- declare_worker: write, queue, since version 1
-- Notes a worker, and when its record expires.
create or replace function declare_worker(
  task_queue_id_in text, worker_group_in text, worker_id_in text, expires_in timestamptz, now_in timestamptz
) returns setof worker language sql as $$
  insert into task_queue as q (task_queue_id, last_date_active, expires) values (task_queue_id_in, now_in, now_in + interval '1 day')
  on conflict (task_queue_id) do update set last_date_active = excluded.last_date_active, expires = greatest(q.expires, excluded.expires);
  insert into worker as w (task_queue_id, worker_group, worker_id, first_claim, last_date_active, expires)
  values (task_queue_id_in, worker_group_in, worker_id_in, now_in, now_in, expires_in)
  on conflict (task_queue_id, worker_group, worker_id) do update set expires = excluded.expires, last_date_active = excluded.last_date_active
  returning *
$$;
