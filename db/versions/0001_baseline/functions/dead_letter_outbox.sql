-- dead_letter_outbox: write, relay, since version 1
-- Puts events aside of which no message can be made, with the reason for each: the row of the outbox as JSON, of no exchange.
create or replace function dead_letter_outbox(ids_in bigint[], reasons_in text[], now_in timestamptz) returns void
language sql as $$
  insert into parked_message as p
    (queue, message_id, exchange, routing_key, cc, content_type, body, reason, tries, parked, task_id)
  select '', o.id::text, '', '', '{}', 'application/json', convert_to(to_jsonb(o)::text, 'UTF8'), r.reason, 1, now_in, o.task_id
  from unnest(ids_in, reasons_in) as r (id, reason) join outbox o on o.id = r.id
  on conflict (queue, exchange, message_id) where message_id <> '' do update
    set reason = excluded.reason, tries = p.tries + 1, parked = excluded.parked
$$;
