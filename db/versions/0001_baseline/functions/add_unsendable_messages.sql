-- add_unsendable_messages: write, relay, since version 1
-- Stores messages that the relay cannot send as dead letters, one array element each; the CC routing keys of a message are a
-- JSON array. Such a message has no queue: a retry publishes it to its exchange. One with the same id is replaced.
create or replace function add_unsendable_messages(
  message_ids_in text[], task_ids_in uuid[], exchanges_in text[], routing_keys_in text[], ccs_in text[], content_types_in text[],
  bodies_in bytea[], reasons_in text[], now_in timestamptz
) returns void language sql as $$
  insert into dead_letter as p
    (queue, message_id, exchange, routing_key, cc, content_type, body, reason, tries, dead_lettered, task_id)
  select '', m.message_id, m.exchange, m.routing_key, array(select jsonb_array_elements_text(m.cc::jsonb)), m.content_type, m.body,
         m.reason, 1, now_in, m.task_id
  from unnest(message_ids_in, task_ids_in, exchanges_in, routing_keys_in, ccs_in, content_types_in, bodies_in, reasons_in)
    as m (message_id, task_id, exchange, routing_key, cc, content_type, body, reason)
  on conflict (queue, exchange, message_id) where message_id <> '' do update
    set reason = excluded.reason, tries = p.tries + 1, dead_lettered = excluded.dead_lettered
$$;
