-- explain_position: read, queue, since version 1
-- How many runs are claimed before that of a pending task: those of higher priority, and older ones of the same; and how many
-- are pending in the queue. Of each at most limit_in rows are read, so a count that reaches the limit means "or more". No row:
-- the task has no claimable run.
create or replace function explain_position(task_id_in uuid, limit_in int, now_in timestamptz)
returns table (inserted timestamptz, higher bigint, older bigint, pending bigint) language sql stable as $$
  select m.inserted,
    (select count(*) filter (where x.deadline > now_in) from (
      select p.deadline from pending p where p.task_queue_id = m.task_queue_id and p.priority > m.priority
      order by p.priority desc, p.seq limit limit_in) x),
    (select count(*) filter (where x.deadline > now_in) from (
      select p.deadline from pending p where p.task_queue_id = m.task_queue_id and p.priority = m.priority and p.seq < m.seq
      order by p.seq limit limit_in) x),
    (select count(*) filter (where x.deadline > now_in) from (
      select p.deadline from pending p where p.task_queue_id = m.task_queue_id order by p.priority desc, p.seq limit limit_in) x)
  from task t join pending m on m.task_queue_id = t.task_queue_id and m.priority = t.priority and m.seq = t.pending_seq
  where t.task_id = task_id_in
$$;
