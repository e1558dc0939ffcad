-- notify_list: read, notify, since version 5
-- Notifications in one state or (null) in any, to one destination or (null) to any, the newest first, before the given one.
create or replace function notify_list(
  state_in smallint, destination_in text, before_in timestamptz, before_id_in uuid, page_size_in int
) returns setof notify_outbox language sql stable as $$
  select * from notify_outbox o
  where (state_in is null or o.state = state_in) and (destination_in is null or o.destination = destination_in)
    and (before_in is null or (o.created, o.notification_id) < (before_in, before_id_in))
  order by o.created desc, o.notification_id desc limit page_size_in
$$;
