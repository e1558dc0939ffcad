-- Artifacts of runs, the objects of the object service, and the pieces of stored content behind both.

-- One piece of content in the store, never changed after it is written. The row is there before the first byte
-- and until after the last one is deleted, so the store holds nothing that no row knows of.
-- delete_after: null while an object or an artifact holds the content; else from then on it may be swept away.
create table blob (
  blob_id uuid primary key,
  delete_after timestamptz,
  content_type text,
  content_encoding text,
  content_length bigint,
  sha256 text,
  sha512 text
);
create index blob_delete_after on blob (delete_after) where delete_after is not null;

-- hashes: those the uploader promised, by algorithm. finished: from then on nothing about the object changes.
create table object (
  name text collate "C" primary key,
  project_id text not null,
  backend_id text not null,
  upload_id uuid not null unique,
  upload_expires timestamptz not null,
  finished timestamptz,
  expires timestamptz not null,
  hashes jsonb not null,
  blob_id uuid,
  created timestamptz not null
);
create index object_expires on object (expires);
create index object_unfinished on object (upload_expires) where finished is null;

-- storage_type: protocol::state::StorageType. details: what only this storage type knows.
-- blob_id: content uploaded for an s3 artifact; that of an object artifact hangs on its object.
create table artifact (
  task_id uuid not null,
  run_id smallint not null,
  name text collate "C" not null,
  storage_type smallint not null,
  content_type text not null,
  details jsonb not null,
  present boolean not null,
  expires timestamptz not null,
  content_length bigint,
  blob_id uuid,
  primary key (task_id, run_id, name)
);
create index artifact_expires on artifact using brin (expires);

-- Keys with which this deployment signs URLs to itself; every process shares them.
create table signing_key (
  purpose text primary key,
  key bytea not null,
  created timestamptz not null
);
