-- parked_messages: read, bus, since version 1
-- Messages that were put aside, the oldest first: all, those of one queue, or those with these numbers.
create or replace function parked_messages(queue_in text, parked_ids_in bigint[], after_in bigint, page_size_in int)
returns setof parked_message language sql stable as $$
  select p.* from parked_message p
  where p.parked_id > after_in and (queue_in is null or p.queue = queue_in) and (parked_ids_in is null or p.parked_id = any(parked_ids_in))
  order by p.parked_id limit page_size_in
$$;
