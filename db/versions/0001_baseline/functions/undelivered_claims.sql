-- undelivered_claims: read, queue, since version 1
-- Claims made, or last redelivered, after claimed_after_in and before claimed_before_in that show no sign of having reached
-- their workers: never extended beyond lease_in, no artifact, and not recorded by note_workers, though every process records
-- what it hands out within a second or two. The process that made such a claim ended before its response was sent. held: how
-- many claims the worker holds.
create or replace function undelivered_claims(
  lease_in interval, claimed_after_in timestamptz, claimed_before_in timestamptz, page_size_in int
) returns table (task_id uuid, run_id smallint, task_queue_id text, worker_group text, worker_id text, held int, capacity smallint)
language sql stable as $$
  select c.task_id, c.run_id, c.task_queue_id, t.worker_group, t.worker_id,
         (select count(*)::int from claim o join task p on p.task_id = o.task_id and p.run_id = o.run_id and p.state = task_state_running()
          where o.task_queue_id = c.task_queue_id and p.worker_group = t.worker_group and p.worker_id = t.worker_id),
         coalesce(w.capacity, 0::smallint)
  from claim c
  join task t on t.task_id = c.task_id and t.run_id = c.run_id and t.state = task_state_running()
  left join worker w on w.task_queue_id = c.task_queue_id and w.worker_group = t.worker_group and w.worker_id = t.worker_id
  left join task f on f.task_id = w.recent_task_ids[1]
  where coalesce(c.redelivered, c.claimed) > claimed_after_in and coalesce(c.redelivered, c.claimed) < claimed_before_in
    and c.taken_until <= c.claimed + lease_in
    and not exists (select 1 from unnest(w.recent_task_ids, w.recent_run_ids) r(task_id, run_id) where r.task_id = c.task_id and r.run_id = c.run_id)
    -- A record holds the last 20 runs: what is older than the first of 20 may have been in it.
    and (coalesce(cardinality(w.recent_task_ids), 0) < 20 or c.claimed > f.started)
    and not exists (select 1 from artifact a where a.task_id = c.task_id and a.run_id = c.run_id)
  limit page_size_in
$$;
