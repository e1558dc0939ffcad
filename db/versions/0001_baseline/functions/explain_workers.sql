-- explain_workers: read, queue, since version 1
-- The workers of a queue that were active last, listed_in of them, and in every row how many there are: known, alive, in
-- quarantine. Alive: active since the given time, or its last task still runs there. At most limit_in workers are read. No
-- row: no worker is known.
create or replace function explain_workers(task_queue_id_in text, alive_since_in timestamptz, limit_in int, listed_in int, now_in timestamptz)
returns table (
  worker_group text, worker_id text, last_date_active timestamptz, quarantine_until timestamptz, quarantine_info text, busy boolean,
  known bigint, alive bigint, quarantined bigint, ready bigint, last_seen timestamptz
) language sql stable as $$
  with seen as (
    select w.worker_group, w.worker_id, w.last_date_active,
      case when w.quarantine_until > now_in then w.quarantine_until end as quarantine_until,
      case when w.quarantine_until > now_in then w.quarantine_details -> -1 ->> 'quarantineInfo' end as quarantine_info,
      exists (
        select from claim c join task t on t.task_id = c.task_id
        where c.task_id = w.recent_task_ids[cardinality(w.recent_task_ids)] and c.task_queue_id = w.task_queue_id
          and t.worker_group = w.worker_group and t.worker_id = w.worker_id) as busy
    from worker w where w.task_queue_id = task_queue_id_in limit limit_in),
  judged as (
    select s.*, s.busy or s.last_date_active >= alive_since_in as living from seen s)
  select j.worker_group, j.worker_id, j.last_date_active, j.quarantine_until, j.quarantine_info, j.busy,
    count(*) over (), count(*) filter (where j.living) over (), count(j.quarantine_until) over (),
    count(*) filter (where j.living and j.quarantine_until is null) over (), max(j.last_date_active) over ()
  from judged j order by j.last_date_active desc, j.worker_group, j.worker_id limit listed_in
$$;
