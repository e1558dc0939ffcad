-- Version 10: sessions of people whom an identity provider signed in, what they allow third parties, and the clients made of it.

-- roles: of a person whom an identity provider signed in, besides those of the identity itself; null: a stored client signed in.
alter table session add column roles text[];

-- What somebody allowed a third party, until it has been used. grant_id: SHA-256 of the code, or of the access token it was exchanged
-- for. scopes, client_expires, description: of the client that it may make, once. granted_by, roles: as client_id and roles of a session.
create table third_party_grant (
  grant_id bytea primary key,
  is_code boolean not null,
  third_party text not null,
  redirect_uri text not null,
  granted_by text not null,
  roles text[],
  client_id text not null,
  description text not null,
  scopes text[] not null,
  client_expires timestamptz not null,
  expires timestamptz not null
);
create index third_party_grant_expires on third_party_grant (expires);

-- Clients that somebody who was signed in made out of scopes of their own: they are disabled once made_by has these no more.
create table derived_client (
  client_id text collate "C" primary key,
  made_by text not null,
  roles text[],
  expires timestamptz not null
);
create index derived_client_expires on derived_client (expires);
