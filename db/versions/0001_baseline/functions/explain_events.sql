-- explain_events: read, relay, since version 1
-- Events of a task that wait in the outbox, oldest first, among the oldest limit_in rows of it; and how many rows those are
-- and the time of the oldest. Always one row.
create or replace function explain_events(task_id_in uuid, limit_in int)
returns table (kinds smallint[], ats timestamptz[], backlog bigint, oldest timestamptz) language sql stable as $$
  select coalesce(array_agg(x.kind order by x.id) filter (where x.task_id = task_id_in), '{}'),
    coalesce(array_agg(x.at order by x.id) filter (where x.task_id = task_id_in), '{}'), count(*), min(x.at)
  from (select o.id, o.kind, o.at, o.task_id from outbox o order by o.id limit limit_in) x
$$;
