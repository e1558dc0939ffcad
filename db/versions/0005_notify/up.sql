-- Version 5: notifications that are to be sent, or were; the deny list; the windows of the rate limit.

-- address: as it was given; destination: the same in the form that limits, order and the deny list go by. content: JSON of
-- the kind's type, empty once it is not needed any more. source: the event and the route of a task that it comes from, so
-- that a redelivered message adds none. attempts: also the fence of a delivery: it counts up with each lease. further,
-- further_summaries: of a digest, what it stands for. ambiguous: the last attempt may have arrived. hard_failure: the
-- destination itself was refused for good. duplicates: how often the same came again.
create table notify_outbox (
  notification_id uuid primary key,
  seq bigint generated always as identity,
  kind smallint not null,
  address text collate "C" not null,
  destination text collate "C" not null,
  state smallint not null,
  is_digest boolean not null default false,
  summary text not null,
  content text not null,
  content_hash bytea not null,
  source text collate "C",
  reason text,
  created timestamptz not null,
  next_attempt timestamptz,
  leased_until timestamptz,
  attempts int not null default 0,
  ambiguous boolean not null default false,
  hard_failure boolean not null default false,
  finished timestamptz,
  duplicates int not null default 0,
  further int not null default 0,
  further_summaries text[] not null default '{}'
) with (fillfactor = 70);
create unique index notify_outbox_source on notify_outbox (source) where source is not null;
create index notify_outbox_content on notify_outbox (content_hash, created);
create index notify_outbox_due on notify_outbox (kind, next_attempt) where state = 0::smallint; -- pending
create index notify_outbox_order on notify_outbox (destination, seq) where state = 0::smallint; -- pending
create index notify_outbox_sent on notify_outbox (destination, finished) where state = 1::smallint; -- sent
create index notify_outbox_hard on notify_outbox (destination, finished) where hard_failure;
create index notify_outbox_created on notify_outbox (created, notification_id);

-- reason, expires: of an address that was denied because it refused what was sent; a client's entry has neither.
create table notify_denied (
  kind smallint not null,
  address text collate "C" not null,
  destination text collate "C" not null,
  reason text,
  created timestamptz not null,
  expires timestamptz,
  primary key (kind, address)
);
create index notify_denied_destination on notify_denied (kind, destination);

-- How many e-mails a destination was promised in its present window. digest_id: of what came beyond the limit.
create table notify_window (
  destination text collate "C" primary key,
  ends timestamptz not null,
  accepted int not null,
  digest_id uuid
) with (fillfactor = 70);
create index notify_window_ends on notify_window (ends);
