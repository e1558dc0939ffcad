-- park_message: write, bus, since version 1
-- Puts a message aside that the consumer of a queue could not work on. One with the same id is replaced.
create or replace function park_message(
  queue_in text, message_id_in text, exchange_in text, routing_key_in text, cc_in text[], content_type_in text, body_in bytea,
  reason_in text, tries_in int, now_in timestamptz
) returns bigint language sql as $$
  insert into parked_message as p (queue, message_id, exchange, routing_key, cc, content_type, body, reason, tries, parked)
  values (queue_in, message_id_in, exchange_in, routing_key_in, cc_in, content_type_in, body_in, reason_in, tries_in, now_in)
  on conflict (queue, exchange, message_id) where message_id <> '' do update
    set reason = excluded.reason, tries = p.tries + excluded.tries, parked = excluded.parked
  returning p.parked_id
$$;
