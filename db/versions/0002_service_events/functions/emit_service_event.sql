-- emit_service_event: write, service, since version 2
-- Emits an event of a service in the transaction of its change. The message is stored as it will be sent, so what could
-- never be sent is refused here, before the commit. Limits are in bytes, as on the wire: AMQP takes 255 in the name of an
-- exchange (the namespace has up to 60 of them) and in a routing key; further routing keys travel in one header, whose
-- frame the broker limits; and a batch of messages is in the relay's memory at once.
create or replace function emit_service_event(
  service_in text, exchange_in text, routing_key_in text, cc_in text[], body_in text, trace_in text, now_in timestamptz
) returns void language plpgsql as $$
begin
  if octet_length(service_in) + octet_length(exchange_in) > 180 then
    raise exception 'the name of an exchange has more than 180 bytes' using errcode = 'string_data_right_truncation';
  end if;
  if octet_length(routing_key_in) > 255 or exists (select from unnest(cc_in) k where octet_length(k) > 255) then
    raise exception 'a routing key has more than 255 bytes' using errcode = 'string_data_right_truncation';
  end if;
  if octet_length(array_to_string(cc_in, '')) > 16384 then
    raise exception 'the further routing keys have more than 16384 bytes' using errcode = 'string_data_right_truncation';
  end if;
  if octet_length(body_in) > 1048576 then
    raise exception 'the message has more than 1048576 bytes' using errcode = 'string_data_right_truncation';
  end if;
  perform body_in::json;
  insert into outbox (kind, at, trace, has_routes, payload)
  values (event_service_event(), now_in, trace_in, cardinality(cc_in) > 0, jsonb_build_object(
    'service', service_in, 'exchange', exchange_in, 'routing_key', routing_key_in, 'cc', cc_in, 'body', body_in));
end $$;
