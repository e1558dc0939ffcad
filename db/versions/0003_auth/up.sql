-- Version 3: auth. Clients, roles, and the history of what was changed by whom.

-- The access token is sealed by the key ring (base/src/seal.rs); nobody can read it here.
create table client (
  client_id text primary key,
  description text not null,
  sealed_access_token jsonb not null,
  scopes text[] not null,
  expires timestamptz not null,
  disabled boolean not null default false,
  delete_on_expiration boolean not null default false,
  created timestamptz not null,
  last_modified timestamptz not null,
  last_date_used timestamptz not null,
  last_rotated timestamptz not null
);
create index client_expires on client (expires) where delete_on_expiration;

create table role (
  role_id text primary key,
  scopes text[] not null,
  description text not null,
  created timestamptz not null,
  last_modified timestamptz not null
);

-- One row: it counts the changes, so that every process knows when its copy of clients and roles is old.
create table auth_version (clients bigint not null, roles bigint not null);
insert into auth_version (clients, roles) values (1, 1);

create table audit_history (
  seq bigint generated always as identity primary key,
  entity_type text not null,
  entity_id text not null,
  client_id text not null,
  action_type text not null,
  created timestamptz not null
);
create index audit_of_entity on audit_history (entity_type, entity_id, seq);
create index audit_of_client on audit_history (client_id, seq);
create index audit_created on audit_history using brin (created);

-- Events of clients and roles concern no task group.
alter table outbox alter column task_group_id drop not null;
