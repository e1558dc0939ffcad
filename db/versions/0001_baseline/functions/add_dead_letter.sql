-- add_dead_letter: write, bus, since version 1
-- Stores a message that the consumer of a queue could not process. One with the same id is replaced, and its tries add up.
create or replace function add_dead_letter(
  queue_in text, message_id_in text, exchange_in text, routing_key_in text, cc_in text[], content_type_in text, body_in bytea,
  reason_in text, tries_in int, now_in timestamptz
) returns bigint language sql as $$
  insert into dead_letter as p (queue, message_id, exchange, routing_key, cc, content_type, body, reason, tries, dead_lettered)
  values (queue_in, message_id_in, exchange_in, routing_key_in, cc_in, content_type_in, body_in, reason_in, tries_in, now_in)
  on conflict (queue, exchange, message_id) where message_id <> '' do update
    set reason = excluded.reason, tries = p.tries + excluded.tries, dead_lettered = excluded.dead_lettered
  returning p.dead_letter_id
$$;
