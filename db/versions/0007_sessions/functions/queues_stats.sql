-- queues_stats: read, queue, since version 7
-- Of each task queue that has not expired: what waits and since when, what is worked on, and its workers; alive are those that
-- were active since the given time.
create or replace function queues_stats(page_size_in int, alive_since_in timestamptz, now_in timestamptz)
returns table (task_queue_id text, pending bigint, oldest_pending timestamptz, claimed bigint, workers bigint, alive bigint, quarantined bigint)
language sql stable as $$
  with p as (select x.task_queue_id, count(*) as n, min(x.inserted) as oldest from pending x where x.deadline > now_in group by 1),
  c as (select x.task_queue_id, count(*) as n from claim x where x.taken_until > now_in group by 1),
  w as (select x.task_queue_id, count(*) as n, count(*) filter (where x.last_date_active >= alive_since_in) as alive,
               count(*) filter (where x.quarantine_until > now_in) as quarantined
        from worker x where x.expires > now_in or x.quarantine_until > now_in group by 1)
  select q.task_queue_id, coalesce(p.n, 0), p.oldest, coalesce(c.n, 0), coalesce(w.n, 0), coalesce(w.alive, 0), coalesce(w.quarantined, 0)
  from task_queue q
  left join p on p.task_queue_id = q.task_queue_id
  left join c on c.task_queue_id = q.task_queue_id
  left join w on w.task_queue_id = q.task_queue_id
  where q.expires > now_in
  order by coalesce(p.n, 0) desc, coalesce(c.n, 0) desc, q.task_queue_id limit page_size_in
$$;
