-- protocol::event::EventKind.
create function event_service_event() returns smallint language sql immutable parallel safe return 18;
