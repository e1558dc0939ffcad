-- Version 4: worker pools, their launch configs, workers and error reports; the ledger of launches and what the
-- provisioner learns and decides. JSON is stored as canonical text (sorted keys), so that repeats compare by text.

-- config: without launchConfigs, which have rows of their own. min_capacity to scaling_ratio are copied from it for the
-- decision; null for a pool without machines to launch. provision_at: when to decide next; null: never.
create table worker_pool (
  worker_pool_id text collate "C" primary key,
  provider_id text not null,
  previous_provider_ids text[] not null default '{}',
  description text not null,
  owner text not null,
  email_on_error boolean not null,
  config text not null,
  min_capacity int,
  max_capacity int,
  scaling_ratio double precision,
  created timestamptz not null,
  last_modified timestamptz not null,
  provision_at timestamptz,
  paused_until timestamptz,
  pause_reason text
);
create index worker_pool_due on worker_pool (provision_at) where provision_at is not null;

-- configuration: without the part `workerManager`, which has a column of its own (`null` where it was not given). The id is
-- unique within its pool. position: in the list of the pool's configuration, in which it is shown in the same order.
create table launch_config (
  worker_pool_id text collate "C" not null,
  launch_config_id text collate "C" not null,
  is_archived boolean not null default false,
  configuration text not null,
  worker_manager text not null,
  capacity_per_instance int not null,
  initial_weight double precision not null,
  max_capacity int,
  created timestamptz not null,
  last_modified timestamptz not null,
  paused_until timestamptz,
  pause_reason text,
  position int not null default 0,
  primary key (worker_pool_id, launch_config_id)
);

-- Machines and other workers of pools; `worker` is what the queue has seen of them. launch_id: the launch it came from;
-- null: created by hand. secret: sealed by the key ring; null: not registered yet, or a static worker's row keeps its
-- secret in provider_data, sealed too. check_at: when its provider looks at it next; null: never. terminate_after: when
-- it is removed unless it reregisters. reason: why it is being stopped. provider_data: what its proof of identity is compared
-- with, by the type of the provider (actors/src/worker_manager/identity). lifecycle: the seconds of its pool's lifecycle.
create table pool_worker (
  worker_pool_id text collate "C" not null,
  worker_group text collate "C" not null,
  worker_id text collate "C" not null,
  provider_id text not null,
  launch_config_id text collate "C",
  launch_id uuid,
  state smallint not null,
  capacity int not null,
  created timestamptz not null,
  expires timestamptz not null,
  last_modified timestamptz not null,
  last_checked timestamptz not null,
  registered timestamptz,
  check_at timestamptz,
  terminate_after timestamptz,
  reason text,
  sealed_secret jsonb,
  provider_data jsonb not null default '{}',
  lifecycle jsonb not null default '{}',
  primary key (worker_pool_id, worker_group, worker_id)
) with (fillfactor = 70);
create index pool_worker_check on pool_worker (provider_id, check_at) where state < 3::smallint; -- not stopped
create index pool_worker_machine on pool_worker (provider_id, worker_id) where state < 3::smallint; -- not stopped
create index pool_worker_launch on pool_worker (launch_id) where launch_id is not null;
create index pool_worker_expires on pool_worker (expires);

-- email_due: the owner of the pool has not been notified of it, and is to be.
create table worker_pool_error (
  error_id uuid primary key,
  worker_pool_id text collate "C" not null,
  reported timestamptz not null,
  kind text not null,
  title text not null,
  description text not null,
  extra text not null,
  launch_config_id text collate "C",
  email_due boolean not null default false
);
create index worker_pool_error_email on worker_pool_error (reported) where email_due;
create index worker_pool_error_of_pool on worker_pool_error (worker_pool_id, reported);
create index worker_pool_error_reported on worker_pool_error using brin (reported);

-- The ledger: a launch is of one launch config, in one region, and is carried out at most once; its id is the idempotency
-- token at the cloud. It counts as supply from the commit of the decision on. since: when it got into its state. leased_until:
-- until then the process that calls has it. request: what is asked of the provider, JSON. instance_type and market: what it is of
-- among the offerings of its provider. result: words of the failure.
create table launch (
  launch_id uuid primary key,
  worker_pool_id text collate "C" not null,
  launch_config_id text collate "C" not null,
  provider_id text not null,
  region text not null,
  state smallint not null,
  instances int not null,
  capacity int not null,
  created timestamptz not null,
  since timestamptz not null,
  leased_until timestamptz,
  attempts int not null default 0,
  trace text,
  request text not null,
  instance_type text not null default '',
  market text not null default '',
  failure_class text,
  result text
);
create index launch_open on launch (provider_id, region, since) where state < 3::smallint; -- not settled or failed
create index launch_open_of_pool on launch (worker_pool_id) where state < 3::smallint; -- not settled or failed
create index launch_of_pool on launch (worker_pool_id, created);

-- Decisions that launched, were limited, or differed from the one before: JSON of inputs, steps and outputs.
create table provision_decision (
  worker_pool_id text collate "C" not null,
  at timestamptz not null,
  decision text not null,
  primary key (worker_pool_id, at)
);
create index provision_decision_at on provision_decision using brin (at);

-- What a provider sells and what was learned about it. price: US dollars an hour. launched: machines that registered or failed to;
-- boot_seconds: of those that registered, together. Counts decay with a half-life; weight_at: when they were last decayed.
create table offering (
  provider_id text not null,
  region text not null,
  instance_type text not null,
  market text not null,
  price double precision,
  price_at timestamptz,
  launched double precision not null default 0,
  boot_failed double precision not null default 0,
  interrupted double precision not null default 0,
  machine_hours double precision not null default 0,
  boot_seconds double precision not null default 0,
  weight_at timestamptz not null,
  primary key (provider_id, region, instance_type, market)
);

-- Circuit breakers, one row each once something happened. scope: launch-config, offering, quota or provider; key: what it is
-- about, its parts separated by a space. state: JSON of the decision's breaker.
create table circuit_breaker (
  scope text not null,
  key text collate "C" not null,
  state jsonb not null,
  reason text,
  last_modified timestamptz not null,
  primary key (scope, key)
);

-- Token buckets that all processes share.
create table rate_bucket (
  name text collate "C" primary key,
  tokens double precision not null,
  rate double precision not null,
  refilled timestamptz not null
);

-- Public keys of providers, fetched by the provisioner so that a registration needs no call: a JWKS or certificates.
create table identity_key (
  provider_id text not null,
  key_id text not null,
  key text not null,
  fetched timestamptz not null,
  expires timestamptz not null,
  primary key (provider_id, key_id)
);
