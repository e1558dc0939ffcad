-- add_unsendable_events: write, relay, since version 1
-- Stores events of which no message can be made as dead letters without an exchange: the row of the outbox as JSON, with the
-- reason for each.
create or replace function add_unsendable_events(ids_in bigint[], reasons_in text[], now_in timestamptz) returns void
language sql as $$
  insert into dead_letter as p
    (queue, message_id, exchange, routing_key, cc, content_type, body, reason, tries, dead_lettered, task_id)
  select '', o.id::text, '', '', '{}', 'application/json', convert_to(to_jsonb(o)::text, 'UTF8'), r.reason, 1, now_in, o.task_id
  from unnest(ids_in, reasons_in) as r (id, reason) join outbox o on o.id = r.id
  on conflict (queue, exchange, message_id) where message_id <> '' do update
    set reason = excluded.reason, tries = p.tries + 1, dead_lettered = excluded.dead_lettered
$$;
