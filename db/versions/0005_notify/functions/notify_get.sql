-- notify_get: read, notify, since version 5
-- One notification.
create or replace function notify_get(id_in uuid) returns setof notify_outbox language sql stable as $$
  select * from notify_outbox where notification_id = id_in
$$;
