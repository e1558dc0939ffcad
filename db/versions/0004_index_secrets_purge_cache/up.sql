-- Version 4: the index, secrets and purge-cache.

-- The path of an index entry is namespace + '.' + name; the namespace is empty for a path of one word. `data` is JSON text.
create table indexed_task (
  namespace text not null,
  name text not null,
  rank double precision not null,
  task_id uuid not null,
  data text not null,
  expires timestamptz not null,
  primary key (namespace, name)
);
create index indexed_task_expires on indexed_task (expires);

create table index_namespace (
  parent text not null,
  name text not null,
  expires timestamptz not null,
  primary key (parent, name)
);
create index index_namespace_expires on index_namespace (expires);

-- Sealed by the key ring, as access tokens are.
create table secret (
  name text primary key,
  sealed jsonb not null,
  expires timestamptz not null
);

create table cache_purge (
  worker_pool_id text not null,
  cache_name text not null,
  before timestamptz not null,
  expires timestamptz not null,
  primary key (worker_pool_id, cache_name)
);
