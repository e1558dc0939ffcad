-- Version 7: sessions of browsers, and links that sign in once. Also functions that read for the page: a whole group, the newest groups,
-- all queues.

-- session_id: SHA-256 of the cookie's value, which is stored nowhere. fingerprint: of the client's access token, keyed by that
-- value; a reset token ends the session. idle: how long it lasts without a request.
create table session (
  session_id bytea primary key,
  client_id text not null,
  fingerprint bytea not null,
  created timestamptz not null,
  seen timestamptz not null,
  idle interval not null,
  expires timestamptz not null
);
create index session_expires on session (expires);

-- link_id: SHA-256 of the link's token.
create table sign_in_link (
  link_id bytea primary key,
  client_id text not null,
  expires timestamptz not null
);
create index sign_in_link_expires on sign_in_link (expires);
