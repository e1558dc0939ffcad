-- dead_letters: read, bus, since version 1
-- Dead letters, the oldest first: all, those of one queue, or those with these ids.
create or replace function dead_letters(queue_in text, dead_letter_ids_in bigint[], after_in bigint, page_size_in int)
returns setof dead_letter language sql stable as $$
  select p.* from dead_letter p
  where p.dead_letter_id > after_in and (queue_in is null or p.queue = queue_in) and (dead_letter_ids_in is null or p.dead_letter_id = any(dead_letter_ids_in))
  order by p.dead_letter_id limit page_size_in
$$;
