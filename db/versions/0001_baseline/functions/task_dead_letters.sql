-- task_dead_letters: read, relay, since version 1
-- Dead letters of a task, oldest first: id, exchange (empty: no message could be made at all), reason and time.
create or replace function task_dead_letters(task_id_in uuid, limit_in int)
returns table (dead_letter_id bigint, exchange text, reason text, dead_lettered timestamptz) language sql stable as $$
  select p.dead_letter_id, p.exchange, p.reason, p.dead_lettered from dead_letter p where p.task_id = task_id_in
  order by p.dead_letter_id limit limit_in
$$;
