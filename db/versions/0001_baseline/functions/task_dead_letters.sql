-- task_dead_letters: read, relay, since version 1
-- What could not be told of a task, oldest first: number, exchange (empty: no message could be made at all), reason and time.
create or replace function task_dead_letters(task_id_in uuid, limit_in int)
returns table (parked_id bigint, exchange text, reason text, parked timestamptz) language sql stable as $$
  select p.parked_id, p.exchange, p.reason, p.parked from parked_message p where p.task_id = task_id_in
  order by p.parked_id limit limit_in
$$;
