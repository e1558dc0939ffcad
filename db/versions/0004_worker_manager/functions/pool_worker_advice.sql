-- pool_worker_advice: read, worker_manager, since version 4
-- Whether a running worker is needed. target: the capacity that is to be kept, null where the pool has none or the worker is
-- not one that is counted; newer: the capacity of the pool's workers that are newer, which are kept first. No row: there is no
-- such worker.
create or replace function pool_worker_advice(worker_pool_id_in text, worker_group_in text, worker_id_in text, now_in timestamptz)
returns table (launch_config_archived boolean, target double precision, newer bigint) language sql stable as $$
  with it as (
    select * from pool_worker w
    where w.worker_pool_id = worker_pool_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in),
  quarantined as (
    select q.worker_group, q.worker_id from worker q where q.task_queue_id = worker_pool_id_in and q.quarantine_until > now_in)
  select
    exists (select from launch_config l where l.worker_pool_id = worker_pool_id_in and l.launch_config_id = it.launch_config_id and l.is_archived),
    (select greatest(p.min_capacity, least((c.pending + c.claimed) * p.scaling_ratio, p.max_capacity))
     from worker_pool p cross join lateral queue_counts(worker_pool_id_in, now_in) c
     where p.worker_pool_id = worker_pool_id_in and it.state = worker_state_running()
       and (it.worker_group, it.worker_id) not in (select * from quarantined)),
    (select coalesce(sum(w.capacity), 0) from pool_worker w
     where w.worker_pool_id = worker_pool_id_in and w.state = worker_state_running()
       and (w.created, w.worker_group, w.worker_id) > (it.created, it.worker_group, it.worker_id)
       and (w.worker_group, w.worker_id) not in (select * from quarantined))
  from it
$$;
