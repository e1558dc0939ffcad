-- What the newest version holds. Written by the test that checks it, under UPDATE=1.

create table artifact (
  task_id uuid not null,
  run_id smallint not null,
  name text not null,
  storage_type smallint not null,
  content_type text not null,
  details jsonb not null,
  present boolean not null,
  expires timestamp with time zone not null,
  content_length bigint,
  blob_id uuid,
  constraint artifact_pkey PRIMARY KEY (task_id, run_id, name)
);

create table audit_history (
  seq bigint not null generated always as identity,
  entity_type text not null,
  entity_id text not null,
  client_id text not null,
  action_type text not null,
  created timestamp with time zone not null,
  constraint audit_history_pkey PRIMARY KEY (seq)
);

create table auth_version (
  clients bigint not null,
  roles bigint not null
);

create table blob (
  blob_id uuid not null,
  delete_after timestamp with time zone,
  content_type text,
  content_encoding text,
  content_length bigint,
  sha256 text,
  sha512 text,
  store_id text not null default 'local'::text,
  multipart_id text,
  constraint blob_pkey PRIMARY KEY (blob_id)
);

create table bridge_master (
  master text not null,
  epoch bigint not null default 0,
  state text not null default 'unknown'::text,
  since timestamp with time zone not null,
  last_ok timestamp with time zone,
  error text,
  leader uuid,
  leader_until timestamp with time zone,
  constraint bridge_master_pkey PRIMARY KEY (master)
);

create table bridge_request (
  id bigint not null generated always as identity,
  master text not null,
  epoch bigint not null default 0,
  task_id uuid not null,
  first_run smallint not null,
  run_id smallint not null,
  state text not null default 'pending_create'::text,
  intent text not null default 'run'::text,
  builder text,
  attempts integer not null default 0,
  last_attempt timestamp with time zone,
  buildset_id bigint,
  request_id bigint,
  submitted timestamp with time zone,
  lost boolean not null default false,
  claimed_since timestamp with time zone,
  last_build bigint not null default 0,
  build_id bigint,
  build_number bigint,
  result smallint,
  ended timestamp with time zone,
  taken_until timestamp with time zone,
  reclaim_at timestamp with time zone,
  cancel_requested timestamp with time zone,
  cancel_attempted timestamp with time zone,
  error text,
  deadline timestamp with time zone not null,
  expires timestamp with time zone not null,
  next_check timestamp with time zone not null,
  notifications bigint not null default 0,
  version bigint not null default 0,
  created timestamp with time zone not null,
  updated timestamp with time zone not null,
  constraint bridge_request_master_task_id_first_run_key UNIQUE (master, task_id, first_run),
  constraint bridge_request_pkey PRIMARY KEY (id)
);

create table bridge_run (
  task_id uuid not null,
  run_id smallint not null,
  request bigint not null,
  build_id bigint,
  constraint bridge_run_pkey PRIMARY KEY (task_id, run_id),
  constraint bridge_run_request_fkey FOREIGN KEY (request) REFERENCES bridge_request(id) ON DELETE CASCADE
);

create table cache_purge (
  worker_pool_id text not null,
  cache_name text not null,
  before timestamp with time zone not null,
  expires timestamp with time zone not null,
  constraint cache_purge_pkey PRIMARY KEY (worker_pool_id, cache_name)
);

create table circuit_breaker (
  scope text not null,
  key text not null,
  state jsonb not null,
  reason text,
  last_modified timestamp with time zone not null,
  constraint circuit_breaker_pkey PRIMARY KEY (scope, key)
);

create table claim (
  task_id uuid not null,
  run_id smallint not null,
  taken_until timestamp with time zone not null,
  claimed timestamp with time zone not null,
  task_queue_id text not null,
  redelivered timestamp with time zone,
  constraint claim_pkey PRIMARY KEY (task_id)
) with (autovacuum_analyze_scale_factor=0, autovacuum_analyze_threshold=50000, autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000, fillfactor=70);

create table client (
  client_id text not null,
  description text not null,
  sealed_access_token jsonb not null,
  scopes text[] not null,
  expires timestamp with time zone not null,
  disabled boolean not null default false,
  delete_on_expiration boolean not null default false,
  created timestamp with time zone not null,
  last_modified timestamp with time zone not null,
  last_date_used timestamp with time zone not null,
  last_rotated timestamp with time zone not null,
  constraint client_pkey PRIMARY KEY (client_id)
);

create table dead_letter (
  dead_letter_id bigint not null generated always as identity,
  queue text not null,
  message_id text not null,
  exchange text not null,
  routing_key text not null,
  cc text[] not null,
  content_type text not null,
  body bytea not null,
  reason text not null,
  tries integer not null,
  dead_lettered timestamp with time zone not null,
  task_id uuid,
  constraint dead_letter_pkey PRIMARY KEY (dead_letter_id)
);

create table derived_client (
  client_id text not null,
  made_by text not null,
  roles text[],
  expires timestamp with time zone not null,
  constraint derived_client_pkey PRIMARY KEY (client_id)
);

create table event_log (
  last bigint not null,
  logged timestamp with time zone not null,
  lowest_id bigint not null,
  highest_id bigint not null,
  events logged_event[] not null,
  constraint event_log_pkey PRIMARY KEY (last, logged)
);

create table github_build (
  task_group_id uuid not null,
  seq bigint not null generated always as identity,
  delivery_id text not null,
  installation bigint not null,
  owner text not null,
  name text not null,
  sha text not null,
  before_sha text,
  event_time timestamp with time zone,
  event_type text not null,
  pull_request bigint,
  subject text not null,
  cancel_class text,
  by_checks boolean not null,
  state smallint not null,
  cancel_due boolean not null default false,
  created timestamp with time zone not null,
  updated timestamp with time zone not null,
  constraint github_build_delivery_id_key UNIQUE (delivery_id),
  constraint github_build_pkey PRIMARY KEY (task_group_id)
) with (fillfactor=70);

create table github_cron (
  repository text not null,
  installation bigint not null,
  branch text not null,
  pushed timestamp with time zone not null,
  watched boolean not null,
  done_until timestamp with time zone not null,
  leased_until timestamp with time zone,
  attempt bigint not null default 0,
  failures integer not null default 0,
  reason text,
  constraint github_cron_pkey PRIMARY KEY (repository)
) with (fillfactor=70);

create table github_delivery (
  delivery_id text not null,
  seq bigint not null generated always as identity,
  event text not null,
  body text not null,
  repository text not null,
  subject text not null,
  state smallint not null,
  reason text,
  received timestamp with time zone not null,
  next_attempt timestamp with time zone,
  leased_until timestamp with time zone,
  attempts integer not null default 0,
  finished timestamp with time zone,
  constraint github_delivery_pkey PRIMARY KEY (delivery_id)
) with (fillfactor=70);

create table github_installation (
  owner text not null,
  installation bigint not null,
  active boolean not null,
  changed timestamp with time zone not null,
  constraint github_installation_pkey PRIMARY KEY (owner)
);

create table github_report (
  kind smallint not null,
  repository text not null,
  subject text not null,
  seq bigint not null generated always as identity,
  installation bigint not null,
  task_group_id uuid,
  content text not null,
  rank bigint not null,
  version integer not null default 1,
  sent integer not null default 0,
  remote_id bigint,
  ambiguous boolean not null default false,
  failed boolean not null default false,
  reason text,
  attempts integer not null default 0,
  next_attempt timestamp with time zone not null,
  created timestamp with time zone not null,
  changed timestamp with time zone not null,
  constraint github_report_pkey PRIMARY KEY (kind, repository, subject)
) with (fillfactor=70);

create table github_sender (
  installation bigint not null,
  leased_until timestamp with time zone not null,
  paused_until timestamp with time zone,
  reason text,
  constraint github_sender_pkey PRIMARY KEY (installation)
);

create table graph (
  submit_key text not null,
  task_group_id uuid not null,
  digest text not null,
  task_ids uuid[] not null,
  created timestamp with time zone not null,
  expires timestamp with time zone not null,
  constraint graph_pkey PRIMARY KEY (submit_key)
);

create table group_check (
  task_group_id uuid not null,
  at timestamp with time zone not null
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000);

create table hook (
  hook_group_id text not null,
  hook_id text not null,
  definition text not null,
  bindings text not null,
  generation bigint not null,
  trigger_token jsonb not null,
  next_task_id jsonb not null,
  next_scheduled_at timestamp with time zone,
  leased_until timestamp with time zone,
  attempts integer not null default 0,
  paused boolean not null default false,
  created timestamp with time zone not null,
  last_modified timestamp with time zone not null,
  constraint hook_pkey PRIMARY KEY (hook_group_id, hook_id)
) with (fillfactor=70);

create table hook_discard (
  hook_group_id text not null,
  hook_id text not null,
  reason text not null,
  messages bigint not null,
  first_seen timestamp with time zone not null,
  last_seen timestamp with time zone not null,
  constraint hook_discard_pkey PRIMARY KEY (hook_group_id, hook_id, reason)
);

create table hook_fire (
  fire_id bigint not null generated always as identity,
  hook_group_id text not null,
  hook_id text not null,
  fire_key text,
  fired_by smallint not null,
  fired timestamp with time zone not null,
  scheduled_at timestamp with time zone,
  task_id uuid not null,
  result smallint not null,
  error text not null,
  caused_by bigint,
  expires timestamp with time zone not null,
  constraint hook_fire_pkey PRIMARY KEY (fire_id)
);

create table hook_queue (
  hook_group_id text not null,
  hook_id text not null,
  bound jsonb not null,
  refused jsonb not null default '[]'::jsonb,
  checked timestamp with time zone,
  constraint hook_queue_pkey PRIMARY KEY (hook_group_id, hook_id)
);

create table identity_key (
  provider_id text not null,
  key_id text not null,
  key text not null,
  fetched timestamp with time zone not null,
  expires timestamp with time zone not null,
  constraint identity_key_pkey PRIMARY KEY (provider_id, key_id)
);

create table index_namespace (
  parent text not null,
  name text not null,
  expires timestamp with time zone not null,
  constraint index_namespace_pkey PRIMARY KEY (parent, name)
);

create table indexed_task (
  namespace text not null,
  name text not null,
  rank double precision not null,
  task_id uuid not null,
  data text not null,
  expires timestamp with time zone not null,
  constraint indexed_task_pkey PRIMARY KEY (namespace, name)
);

create table launch (
  launch_id uuid not null,
  worker_pool_id text not null,
  launch_config_id text not null,
  provider_id text not null,
  region text not null,
  state smallint not null,
  instances integer not null,
  capacity integer not null,
  created timestamp with time zone not null,
  since timestamp with time zone not null,
  leased_until timestamp with time zone,
  attempts integer not null default 0,
  trace text,
  request text not null,
  instance_type text not null default ''::text,
  market text not null default ''::text,
  failure_class text,
  result text,
  constraint launch_pkey PRIMARY KEY (launch_id)
);

create table launch_config (
  worker_pool_id text not null,
  launch_config_id text not null,
  is_archived boolean not null default false,
  configuration text not null,
  worker_manager text not null,
  capacity_per_instance integer not null,
  initial_weight double precision not null,
  max_capacity integer,
  created timestamp with time zone not null,
  last_modified timestamp with time zone not null,
  paused_until timestamp with time zone,
  pause_reason text,
  position integer not null default 0,
  constraint launch_config_pkey PRIMARY KEY (worker_pool_id, launch_config_id)
);

create table notify_denied (
  kind smallint not null,
  address text not null,
  destination text not null,
  reason text,
  created timestamp with time zone not null,
  expires timestamp with time zone,
  constraint notify_denied_pkey PRIMARY KEY (kind, address)
);

create table notify_outbox (
  notification_id uuid not null,
  seq bigint not null generated always as identity,
  kind smallint not null,
  address text not null,
  destination text not null,
  state smallint not null,
  is_digest boolean not null default false,
  summary text not null,
  content text not null,
  content_hash bytea not null,
  source text,
  reason text,
  created timestamp with time zone not null,
  next_attempt timestamp with time zone,
  leased_until timestamp with time zone,
  attempts integer not null default 0,
  ambiguous boolean not null default false,
  hard_failure boolean not null default false,
  finished timestamp with time zone,
  duplicates integer not null default 0,
  further integer not null default 0,
  further_summaries text[] not null default '{}'::text[],
  constraint notify_outbox_pkey PRIMARY KEY (notification_id)
) with (fillfactor=70);

create table notify_window (
  destination text not null,
  ends timestamp with time zone not null,
  accepted integer not null,
  digest_id uuid,
  constraint notify_window_pkey PRIMARY KEY (destination)
) with (fillfactor=70);

create table object (
  name text not null,
  project_id text not null,
  backend_id text not null,
  upload_id uuid not null,
  upload_expires timestamp with time zone not null,
  finished timestamp with time zone,
  expires timestamp with time zone not null,
  hashes jsonb not null,
  blob_id uuid,
  created timestamp with time zone not null,
  constraint object_pkey PRIMARY KEY (name),
  constraint object_upload_id_key UNIQUE (upload_id)
);

create table offering (
  provider_id text not null,
  region text not null,
  instance_type text not null,
  market text not null,
  price double precision,
  price_at timestamp with time zone,
  launched double precision not null default 0,
  boot_failed double precision not null default 0,
  interrupted double precision not null default 0,
  machine_hours double precision not null default 0,
  boot_seconds double precision not null default 0,
  weight_at timestamp with time zone not null,
  constraint offering_pkey PRIMARY KEY (provider_id, region, instance_type, market)
);

create table online_migration (
  version integer not null,
  direction text not null,
  state jsonb not null,
  changed bigint not null,
  rows_left bigint,
  started timestamp with time zone not null,
  updated timestamp with time zone not null,
  constraint online_migration_direction_check CHECK ((direction = ANY (ARRAY['up'::text, 'down'::text]))),
  constraint online_migration_pkey PRIMARY KEY (version, direction)
);

create table outbox (
  id bigint not null default nextval('outbox_id'::regclass),
  shard smallint not null default 0,
  kind smallint not null,
  at timestamp with time zone not null,
  task_group_id uuid,
  task_id uuid,
  run_id smallint,
  trace text,
  payload jsonb,
  priority smallint,
  retries_left smallint,
  state smallint,
  current_run smallint,
  reason_created smallint,
  reason_resolved smallint,
  scheduled timestamp with time zone,
  started timestamp with time zone,
  resolved timestamp with time zone,
  taken_until timestamp with time zone,
  worker_group text,
  worker_id text,
  has_routes boolean not null default true,
  constraint outbox_pkey PRIMARY KEY (id)
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=20000);

create table pending (
  task_queue_id text not null,
  priority smallint not null,
  seq bigint not null,
  task_id uuid not null,
  run_id smallint not null,
  inserted timestamp with time zone not null,
  deadline timestamp with time zone not null
) with (autovacuum_analyze_scale_factor=0, autovacuum_analyze_threshold=50000, autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000);

create table pool_worker (
  worker_pool_id text not null,
  worker_group text not null,
  worker_id text not null,
  provider_id text not null,
  launch_config_id text,
  launch_id uuid,
  state smallint not null,
  capacity integer not null,
  created timestamp with time zone not null,
  expires timestamp with time zone not null,
  last_modified timestamp with time zone not null,
  last_checked timestamp with time zone not null,
  registered timestamp with time zone,
  check_at timestamp with time zone,
  terminate_after timestamp with time zone,
  reason text,
  sealed_secret jsonb,
  provider_data jsonb not null default '{}'::jsonb,
  lifecycle jsonb not null default '{}'::jsonb,
  constraint pool_worker_pkey PRIMARY KEY (worker_pool_id, worker_group, worker_id)
) with (fillfactor=70);

create table provision_decision (
  worker_pool_id text not null,
  at timestamp with time zone not null,
  decision text not null,
  constraint provision_decision_pkey PRIMARY KEY (worker_pool_id, at)
);

create table push_task (
  project text not null,
  revision text not null,
  task_id uuid not null,
  expires timestamp with time zone not null,
  constraint push_task_pkey PRIMARY KEY (project, revision, task_id)
);

create table rate_bucket (
  name text not null,
  tokens double precision not null,
  rate double precision not null,
  refilled timestamp with time zone not null,
  constraint rate_bucket_pkey PRIMARY KEY (name)
);

create table role (
  role_id text not null,
  scopes text[] not null,
  description text not null,
  created timestamp with time zone not null,
  last_modified timestamp with time zone not null,
  constraint role_pkey PRIMARY KEY (role_id)
);

create table schema_version (
  version integer not null,
  only_row boolean not null default true,
  constraint schema_version_only_row_check CHECK (only_row),
  constraint schema_version_pkey PRIMARY KEY (only_row)
);

create table secret (
  name text not null,
  sealed jsonb not null,
  expires timestamp with time zone not null,
  constraint secret_pkey PRIMARY KEY (name)
);

create table session (
  session_id bytea not null,
  client_id text not null,
  fingerprint bytea not null,
  created timestamp with time zone not null,
  seen timestamp with time zone not null,
  idle interval not null,
  expires timestamp with time zone not null,
  roles text[],
  constraint session_pkey PRIMARY KEY (session_id)
);

create table sign_in_link (
  link_id bytea not null,
  client_id text not null,
  expires timestamp with time zone not null,
  constraint sign_in_link_pkey PRIMARY KEY (link_id)
);

create table signing_key (
  purpose text not null,
  key bytea not null,
  created timestamp with time zone not null,
  constraint signing_key_pkey PRIMARY KEY (purpose)
);

create table sweep_mark (
  name text not null,
  mark timestamp with time zone not null,
  constraint sweep_mark_pkey PRIMARY KEY (name)
);

create table task (
  task_id uuid not null,
  task_group_id uuid not null,
  deadline timestamp with time zone not null,
  expires timestamp with time zone not null,
  scheduled timestamp with time zone,
  started timestamp with time zone,
  resolved timestamp with time zone,
  taken_until timestamp with time zone,
  pending_seq bigint,
  unsatisfied_dependencies integer not null,
  priority smallint not null,
  retries smallint not null,
  retries_left smallint not null,
  state smallint not null,
  run_id smallint not null,
  completed_run smallint not null default '-1'::integer,
  resolved_run smallint not null default '-1'::integer,
  reason_created smallint,
  reason_resolved smallint,
  task_queue_id text not null,
  scheduler_id text not null,
  project_id text not null,
  worker_group text,
  worker_id text,
  has_routes boolean not null default true,
  constraint task_pkey PRIMARY KEY (task_id)
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.02, fillfactor=50);

create table task_definition (
  task_id uuid not null,
  priority smallint not null,
  body text not null,
  constraint task_definition_pkey PRIMARY KEY (task_id)
) with (autovacuum_vacuum_insert_scale_factor=0.05);

create table task_dependency (
  required uuid not null,
  dependent uuid not null,
  effective_from_run smallint not null,
  requires smallint not null,
  constraint task_dependency_pkey PRIMARY KEY (required, dependent)
) with (autovacuum_vacuum_insert_scale_factor=0.05);

create table task_group (
  task_group_id uuid not null,
  scheduler_id text not null,
  expires timestamp with time zone not null,
  sealed timestamp with time zone,
  constraint task_group_pkey PRIMARY KEY (task_group_id)
);

create table task_note (
  task_id uuid not null,
  source text not null,
  kind text not null,
  message text not null,
  at timestamp with time zone not null,
  constraint task_note_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 64))),
  constraint task_note_message_check CHECK (((length(message) >= 1) AND (length(message) <= 2000))),
  constraint task_note_pkey PRIMARY KEY (task_id, source),
  constraint task_note_source_check CHECK (((length(source) >= 1) AND (length(source) <= 64)))
);

create table task_queue (
  task_queue_id text not null,
  last_date_active timestamp with time zone not null,
  expires timestamp with time zone not null,
  constraint task_queue_pkey PRIMARY KEY (task_queue_id)
);

create table task_run_past (
  task_id uuid not null,
  run_id smallint not null,
  state smallint not null,
  reason_created smallint not null,
  reason_resolved smallint,
  scheduled timestamp with time zone not null,
  started timestamp with time zone,
  resolved timestamp with time zone,
  taken_until timestamp with time zone,
  worker_group text,
  worker_id text,
  constraint task_run_past_pkey PRIMARY KEY (task_id, run_id)
);

create table third_party_grant (
  grant_id bytea not null,
  is_code boolean not null,
  third_party text not null,
  redirect_uri text not null,
  granted_by text not null,
  roles text[],
  client_id text not null,
  description text not null,
  scopes text[] not null,
  client_expires timestamp with time zone not null,
  expires timestamp with time zone not null,
  constraint third_party_grant_pkey PRIMARY KEY (grant_id)
);

create table worker (
  task_queue_id text not null,
  worker_group text not null,
  worker_id text not null,
  first_claim timestamp with time zone not null,
  last_date_active timestamp with time zone not null,
  expires timestamp with time zone not null,
  quarantine_until timestamp with time zone,
  quarantine_details jsonb not null default '[]'::jsonb,
  recent_task_ids uuid[] not null default '{}'::uuid[],
  recent_run_ids smallint[] not null default '{}'::smallint[],
  capacity smallint not null default 0,
  constraint worker_pkey PRIMARY KEY (task_queue_id, worker_group, worker_id)
) with (fillfactor=50);

create table worker_pool (
  worker_pool_id text not null,
  provider_id text not null,
  previous_provider_ids text[] not null default '{}'::text[],
  description text not null,
  owner text not null,
  email_on_error boolean not null,
  config text not null,
  min_capacity integer,
  max_capacity integer,
  scaling_ratio double precision,
  created timestamp with time zone not null,
  last_modified timestamp with time zone not null,
  provision_at timestamp with time zone,
  paused_until timestamp with time zone,
  pause_reason text,
  constraint worker_pool_pkey PRIMARY KEY (worker_pool_id)
);

create table worker_pool_error (
  error_id uuid not null,
  worker_pool_id text not null,
  reported timestamp with time zone not null,
  kind text not null,
  title text not null,
  description text not null,
  extra text not null,
  launch_config_id text,
  email_due boolean not null default false,
  constraint worker_pool_error_pkey PRIMARY KEY (error_id)
);

CREATE INDEX artifact_expires ON drover.artifact USING brin (expires);
CREATE INDEX audit_created ON drover.audit_history USING brin (created);
CREATE INDEX audit_of_client ON drover.audit_history USING btree (client_id, seq);
CREATE INDEX audit_of_entity ON drover.audit_history USING btree (entity_type, entity_id, seq);
CREATE INDEX blob_delete_after ON drover.blob USING btree (delete_after) WHERE (delete_after IS NOT NULL);
CREATE INDEX bridge_request_due ON drover.bridge_request USING btree (master, next_check) WHERE (state <> 'resolved'::text);
CREATE UNIQUE INDEX bridge_request_number ON drover.bridge_request USING btree (master, epoch, request_id);
CREATE INDEX bridge_request_resolved ON drover.bridge_request USING btree (updated) WHERE (state = 'resolved'::text);
CREATE INDEX bridge_request_task ON drover.bridge_request USING btree (task_id);
CREATE INDEX bridge_run_request ON drover.bridge_run USING btree (request);
CREATE INDEX client_expires ON drover.client USING btree (expires) WHERE delete_on_expiration;
CREATE UNIQUE INDEX dead_letter_once ON drover.dead_letter USING btree (queue, exchange, message_id) WHERE (message_id <> ''::text);
CREATE INDEX dead_letter_task ON drover.dead_letter USING btree (task_id) WHERE (task_id IS NOT NULL);
CREATE INDEX derived_client_expires ON drover.derived_client USING btree (expires);
CREATE INDEX github_build_cancel ON drover.github_build USING btree (seq) WHERE cancel_due;
CREATE INDEX github_build_created ON drover.github_build USING btree (created);
CREATE INDEX github_build_seq ON drover.github_build USING btree (seq);
CREATE INDEX github_build_sha ON drover.github_build USING btree (sha);
CREATE INDEX github_build_subject ON drover.github_build USING btree (owner, name, subject, seq);
CREATE INDEX github_cron_due ON drover.github_cron USING btree (done_until) WHERE watched;
CREATE INDEX github_delivery_due ON drover.github_delivery USING btree (next_attempt) WHERE (state = (0)::smallint);
CREATE INDEX github_delivery_order ON drover.github_delivery USING btree (repository, subject, seq) WHERE (state = (0)::smallint);
CREATE INDEX github_delivery_received ON drover.github_delivery USING btree (received);
CREATE INDEX github_report_changed ON drover.github_report USING btree (changed);
CREATE INDEX github_report_due ON drover.github_report USING btree (installation, next_attempt) WHERE ((sent < version) AND (NOT failed));
CREATE INDEX github_report_group ON drover.github_report USING btree (task_group_id);
CREATE INDEX github_report_remote ON drover.github_report USING btree (remote_id) WHERE (remote_id IS NOT NULL);
CREATE INDEX hook_due ON drover.hook USING btree (next_scheduled_at) WHERE ((next_scheduled_at IS NOT NULL) AND (NOT paused));
CREATE INDEX hook_fire_expires ON drover.hook_fire USING brin (expires);
CREATE UNIQUE INDEX hook_fire_key ON drover.hook_fire USING btree (hook_group_id, hook_id, fire_key) WHERE (fire_key IS NOT NULL);
CREATE INDEX hook_fire_of_hook ON drover.hook_fire USING btree (hook_group_id, hook_id, fire_id);
CREATE INDEX hook_fire_task ON drover.hook_fire USING btree (task_id);
CREATE INDEX hook_listening ON drover.hook USING btree (hook_group_id, hook_id) WHERE (bindings <> '[]'::text);
CREATE INDEX index_namespace_expires ON drover.index_namespace USING btree (expires);
CREATE INDEX indexed_task_expires ON drover.indexed_task USING btree (expires);
CREATE INDEX launch_of_pool ON drover.launch USING btree (worker_pool_id, created);
CREATE INDEX launch_open ON drover.launch USING btree (provider_id, region, since) WHERE (state < (3)::smallint);
CREATE INDEX launch_open_of_pool ON drover.launch USING btree (worker_pool_id) WHERE (state < (3)::smallint);
CREATE INDEX notify_denied_destination ON drover.notify_denied USING btree (kind, destination);
CREATE INDEX notify_outbox_content ON drover.notify_outbox USING btree (content_hash, created);
CREATE INDEX notify_outbox_created ON drover.notify_outbox USING btree (created, notification_id);
CREATE INDEX notify_outbox_due ON drover.notify_outbox USING btree (kind, next_attempt) WHERE (state = (0)::smallint);
CREATE INDEX notify_outbox_hard ON drover.notify_outbox USING btree (destination, finished) WHERE hard_failure;
CREATE INDEX notify_outbox_order ON drover.notify_outbox USING btree (destination, seq) WHERE (state = (0)::smallint);
CREATE INDEX notify_outbox_sent ON drover.notify_outbox USING btree (destination, finished) WHERE (state = (1)::smallint);
CREATE UNIQUE INDEX notify_outbox_source ON drover.notify_outbox USING btree (source) WHERE (source IS NOT NULL);
CREATE INDEX notify_window_ends ON drover.notify_window USING btree (ends);
CREATE INDEX object_expires ON drover.object USING btree (expires);
CREATE INDEX object_unfinished ON drover.object USING btree (upload_expires) WHERE (finished IS NULL);
CREATE INDEX pending_order ON drover.pending USING btree (task_queue_id, priority DESC, seq);
CREATE INDEX pool_worker_check ON drover.pool_worker USING btree (provider_id, check_at) WHERE (state < (3)::smallint);
CREATE INDEX pool_worker_expires ON drover.pool_worker USING btree (expires);
CREATE INDEX pool_worker_launch ON drover.pool_worker USING btree (launch_id) WHERE (launch_id IS NOT NULL);
CREATE INDEX pool_worker_machine ON drover.pool_worker USING btree (provider_id, worker_id) WHERE (state < (3)::smallint);
CREATE INDEX provision_decision_at ON drover.provision_decision USING brin (at);
CREATE INDEX push_task_expires ON drover.push_task USING btree (expires);
CREATE INDEX session_expires ON drover.session USING btree (expires);
CREATE INDEX sign_in_link_expires ON drover.sign_in_link USING btree (expires);
CREATE INDEX task_deadline ON drover.task USING btree (deadline);
CREATE INDEX task_expires ON drover.task USING brin (expires) WITH (pages_per_range='32', autosummarize='on');
CREATE INDEX task_group_expires ON drover.task_group USING btree (expires);
CREATE INDEX task_group_tasks ON drover.task USING btree (task_group_id, task_id);
CREATE INDEX third_party_grant_expires ON drover.third_party_grant USING btree (expires);
CREATE INDEX worker_pool_due ON drover.worker_pool USING btree (provision_at) WHERE (provision_at IS NOT NULL);
CREATE INDEX worker_pool_error_email ON drover.worker_pool_error USING btree (reported) WHERE email_due;
CREATE INDEX worker_pool_error_of_pool ON drover.worker_pool_error USING btree (worker_pool_id, reported);
CREATE INDEX worker_pool_error_reported ON drover.worker_pool_error USING brin (reported);

create sequence audit_history_seq_seq as bigint start 1 increment 1 cache 1;
create sequence bridge_request_id_seq as bigint start 1 increment 1 cache 1;
create sequence dead_letter_dead_letter_id_seq as bigint start 1 increment 1 cache 1;
create sequence event_position as bigint start 1 increment 1 cache 1;
create sequence github_build_seq_seq as bigint start 1 increment 1 cache 1;
create sequence github_delivery_seq_seq as bigint start 1 increment 1 cache 1;
create sequence github_report_seq_seq as bigint start 1 increment 1 cache 1;
create sequence hook_fire_fire_id_seq as bigint start 1 increment 1 cache 1;
create sequence hook_generation as bigint start 1 increment 1 cache 1;
create sequence notify_outbox_seq_seq as bigint start 1 increment 1 cache 1;
create sequence outbox_id as bigint start 1 increment 1 cache 1;
create sequence pending_seq as bigint start 1 increment 1 cache 1;


create type logged_event as (id bigint, kind smallint, at timestamp with time zone, subject uuid, run_id smallint, payload jsonb, priority smallint, retries_left smallint, state smallint, current_run smallint, reason_created smallint, reason_resolved smallint, scheduled timestamp with time zone, started timestamp with time zone, resolved timestamp with time zone, taken_until timestamp with time zone, worker_group text, worker_id text);
create type task_result as (place integer, outcome smallint, task_id uuid, task_group_id uuid, task_queue_id text, scheduler_id text, project_id text, priority smallint, retries_left smallint, deadline timestamp with time zone, expires timestamp with time zone, state smallint, run_id smallint, reason_created smallint, reason_resolved smallint, scheduled timestamp with time zone, started timestamp with time zone, resolved timestamp with time zone, taken_until timestamp with time zone, worker_group text, worker_id text, past jsonb, stored_priority smallint, body text);
