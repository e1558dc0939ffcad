-- provision_demand: read, provisioner, since version 4
-- Tasks that became pending since a time and have run, by their latest run, in the order of their ids after the given one.
create or replace function provision_demand(since_in timestamptz, after_in uuid, limit_in int)
returns table (task_id uuid, task_queue_id text, scheduled timestamptz, seconds double precision) language sql stable as $$
  select t.task_id, t.task_queue_id, t.scheduled, extract(epoch from t.resolved - t.started)::double precision
  from task t
  where (after_in is null or t.task_id > after_in) and t.scheduled >= since_in and t.started is not null and t.resolved is not null
  order by t.task_id limit limit_in
$$;
