-- Version 10: messages that a consumer could not work on, put aside with the reason.

create table parked_message (
  parked_id bigint primary key generated always as identity,
  queue text not null,
  message_id text not null,
  exchange text not null,
  routing_key text not null,
  cc text[] not null,
  content_type text not null,
  body bytea not null,
  reason text not null,
  tries int not null,
  parked timestamptz not null
);
-- A message that is parked again is the same one.
create unique index parked_message_once on parked_message (queue, exchange, message_id) where message_id <> '';
