-- dead_letter_messages: write, relay, since version 1
-- Puts messages aside that the relay cannot send, one array element each; the CC routing keys of a message are a JSON array. Such
-- a message has no queue: it goes to its exchange when it is tried again. One with the same id is replaced.
create or replace function dead_letter_messages(
  message_ids_in text[], task_ids_in uuid[], exchanges_in text[], routing_keys_in text[], ccs_in text[], content_types_in text[],
  bodies_in bytea[], reasons_in text[], now_in timestamptz
) returns void language sql as $$
  insert into parked_message as p
    (queue, message_id, exchange, routing_key, cc, content_type, body, reason, tries, parked, task_id)
  select '', m.message_id, m.exchange, m.routing_key, array(select jsonb_array_elements_text(m.cc::jsonb)), m.content_type, m.body,
         m.reason, 1, now_in, m.task_id
  from unnest(message_ids_in, task_ids_in, exchanges_in, routing_keys_in, ccs_in, content_types_in, bodies_in, reasons_in)
    as m (message_id, task_id, exchange, routing_key, cc, content_type, body, reason)
  on conflict (queue, exchange, message_id) where message_id <> '' do update
    set reason = excluded.reason, tries = p.tries + 1, parked = excluded.parked
$$;
