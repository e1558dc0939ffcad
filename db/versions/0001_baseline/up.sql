-- The first version. Numbers for states, reasons, kinds of events and the like: constants.sql, `protocol/src/state.rs`.

-- What never changes, in a table of its own. The body is canonical JSON text (sorted keys), so that a repeated
-- createTask is compared by text and no `\u0000` in a payload is refused.
create table task_definition (
  task_id uuid primary key,
  priority smallint not null,
  body text not null
) with (autovacuum_vacuum_insert_scale_factor = 0.05);
-- Not every server is built with lz4.
do $$ begin
  alter table task_definition alter body set compression lz4;
exception when feature_not_supported then null;
end $$;

-- What changes: one narrow row with the current run as columns. No index on a column that a step writes, so that
-- updates stay in their page (HOT). run_id -1: no run yet.
-- completed_run, resolved_run: the last run that completed, and that was resolved; by them a task that runs again does not
-- count twice for its dependents. has_routes: an event of a task without routes can be dropped unread when no queue is
-- bound to all events; true where it is not known.
create table task (
  task_id uuid primary key,
  task_group_id uuid not null,
  deadline timestamptz not null,
  expires timestamptz not null,
  scheduled timestamptz,
  started timestamptz,
  resolved timestamptz,
  taken_until timestamptz,
  pending_seq bigint,
  unsatisfied_dependencies int not null,
  priority smallint not null,
  retries smallint not null,
  retries_left smallint not null,
  state smallint not null,
  run_id smallint not null,
  completed_run smallint not null default -1,
  resolved_run smallint not null default -1,
  reason_created smallint,
  reason_resolved smallint,
  task_queue_id text not null,
  scheduler_id text not null,
  project_id text not null,
  worker_group text,
  worker_id text,
  has_routes boolean not null default true
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index task_group_tasks on task (task_group_id, task_id);
create index task_deadline on task (deadline);
create index task_expires on task using brin (expires) with (pages_per_range = 32, autosummarize = on);

-- Earlier runs, each followed by another.
create table task_run_past (
  task_id uuid not null,
  run_id smallint not null,
  state smallint not null,
  reason_created smallint not null,
  reason_resolved smallint,
  scheduled timestamptz not null,
  started timestamptz,
  resolved timestamptz,
  taken_until timestamptz,
  worker_group text,
  worker_id text,
  primary key (task_id, run_id)
);

-- Claimable runs. Rows are inserted and deleted, never updated; priority and pending_seq of the task lead to its row.
create sequence pending_seq;
create table pending (
  task_queue_id text not null,
  priority smallint not null,
  seq bigint not null,
  task_id uuid not null,
  run_id smallint not null,
  inserted timestamptz not null,
  deadline timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
create index pending_order on pending (task_queue_id, priority desc, seq);

-- Current claims only; expire_claims scans it. redelivered: when the claim was last sent to its worker again because a
-- response was lost; null: never.
create table claim (
  task_id uuid primary key,
  run_id smallint not null,
  taken_until timestamptz not null,
  claimed timestamptz not null,
  task_queue_id text not null,
  redelivered timestamptz
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- Dependencies, insert only. One counts in task.unsatisfied_dependencies of its dependent until the required task ends a
-- run of at least effective_from_run in a way that satisfies `requires`. satisfied_at_creation(): it never counted.
create table task_dependency (
  required uuid not null,
  dependent uuid not null,
  effective_from_run smallint not null,
  requires smallint not null,
  primary key (required, dependent)
) with (autovacuum_vacuum_insert_scale_factor = 0.05);

create table task_group (
  task_group_id uuid primary key,
  scheduler_id text not null,
  expires timestamptz not null,
  sealed timestamptz
);
create index task_group_expires on task_group (expires);

-- Groups in which a task was resolved: check_groups finds out whether all their tasks are.
create table group_check (
  task_group_id uuid not null,
  at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- Graphs submitted whole: the key makes a repeat the same graph.
create table graph (
  submit_key text primary key,
  task_group_id uuid not null,
  digest text not null,
  task_ids uuid[] not null,
  created timestamptz not null,
  expires timestamptz not null
);

-- Events to be sent: columns and JSON, from which the relay makes the messages. `kind` as in protocol::event::EventKind. run_id
-- is the run the event is about; the columns from priority on are the task's state right after the transition. Group events
-- have no task, events of clients and roles no group.
create sequence outbox_id;
create table outbox (
  id bigint primary key default nextval('outbox_id'),
  shard smallint not null default 0,
  kind smallint not null,
  at timestamptz not null,
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
  scheduled timestamptz,
  started timestamptz,
  resolved timestamptz,
  taken_until timestamptz,
  worker_group text,
  worker_id text,
  has_routes boolean not null default true
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- Task queues and workers. capacity: the most tasks a worker ever asked for at once; what it asks for beyond its claims tells
-- that it does not know all of them.
create table task_queue (
  task_queue_id text primary key,
  last_date_active timestamptz not null,
  expires timestamptz not null
);
create table worker (
  task_queue_id text not null,
  worker_group text not null,
  worker_id text not null,
  first_claim timestamptz not null,
  last_date_active timestamptz not null,
  expires timestamptz not null,
  quarantine_until timestamptz,
  quarantine_details jsonb not null default '[]',
  recent_task_ids uuid[] not null default '{}',
  recent_run_ids smallint[] not null default '{}',
  capacity smallint not null default 0,
  primary key (task_queue_id, worker_group, worker_id)
) with (fillfactor = 50);

-- How far a sweep over time has come, so that it need not examine the same rows again.
create table sweep_mark (
  name text primary key,
  mark timestamptz not null
);

-- A task's status in columns, earlier runs as JSON.
create view task_status as
select t.task_id, t.task_group_id, t.task_queue_id, t.scheduler_id, t.project_id, t.priority, t.retries_left,
       t.deadline, t.expires, t.state, t.run_id, t.reason_created, t.reason_resolved, t.scheduled, t.started, t.resolved,
       t.taken_until, t.worker_group, t.worker_id,
       case when t.run_id > 0 then
         (select jsonb_agg(to_jsonb(p) - 'task_id' order by p.run_id) from task_run_past p where p.task_id = t.task_id and p.run_id < t.run_id)
       end as past
from task t;

-- The result for one task of a call: its place in the call, the outcome, its status, and where asked for the definition
-- with the priority it was stored with.
create type task_result as (
  place int,
  outcome smallint,
  task_id uuid, task_group_id uuid, task_queue_id text, scheduler_id text, project_id text,
  priority smallint, retries_left smallint, deadline timestamptz, expires timestamptz, state smallint, run_id smallint,
  reason_created smallint, reason_resolved smallint, scheduled timestamptz, started timestamptz, resolved timestamptz,
  taken_until timestamptz, worker_group text, worker_id text, past jsonb,
  stored_priority smallint, body text
);

-- Artifacts of runs, the objects of the object service, and the pieces of stored content behind both.

-- One piece of content in a store, never changed after it is written. The row is there before the first byte and until after
-- the last one is deleted, so every file in a store has a row. delete_after: null while an object or an artifact references
-- the content; else from then on it may be deleted. store_id: the store it was written to. multipart_id: the upload that an
-- S3 store has, or had, open for it.
create table blob (
  blob_id uuid primary key,
  delete_after timestamptz,
  content_type text,
  content_encoding text,
  content_length bigint,
  sha256 text,
  sha512 text,
  store_id text not null default 'local',
  multipart_id text
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

-- storage_type: protocol::state::StorageType. details: what only this storage type has.
-- blob_id: content uploaded for an s3 artifact; that of an object artifact belongs to its object.
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

-- Auth: clients, roles, and the history of what was changed by whom.

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

-- One row: it counts the changes, so that every process notices when its copy of clients and roles is outdated. It is also
-- the lock of all roles.
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

-- The index, secrets and purge-cache.

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

-- The Buildbot bridge.

-- A master, and the process that leads for it. `epoch` counts how often its numbers restarted (its database was restored or
-- replaced): a number means nothing in another epoch. `state` is unknown, up, down or refused.
create table bridge_master (
  master text primary key,
  epoch bigint not null default 0,
  state text not null default 'unknown',
  since timestamptz not null,
  last_ok timestamptz,
  error text,
  leader uuid,
  leader_until timestamptz
);

-- A build request for a task. `state`:
--   pending_create  no request is known yet; one may have been made (`attempts`)
--   created         the master has the request, and the task's run is pending
--   running         the run is claimed for the build `build_id`
--   finished        the build ended as `result`, which is not reported for the task yet
--   resolved        nothing is left to do
-- `intent` is run, or cancel once the task no longer needs it. Builds up to `last_build` are processed. `claimed_since`: since
-- when the master has it claimed without a build. `notifications` counts what asked for a check.
create table bridge_request (
  id bigint generated always as identity primary key,
  master text not null,
  epoch bigint not null default 0,
  task_id uuid not null,
  first_run smallint not null,
  run_id smallint not null,
  state text not null default 'pending_create',
  intent text not null default 'run',
  builder text,
  attempts int not null default 0,
  last_attempt timestamptz,
  buildset_id bigint,
  request_id bigint,
  submitted timestamptz,
  lost boolean not null default false,
  claimed_since timestamptz,
  last_build bigint not null default 0,
  build_id bigint,
  build_number bigint,
  result smallint,
  ended timestamptz,
  taken_until timestamptz,
  reclaim_at timestamptz,
  cancel_requested timestamptz,
  cancel_attempted timestamptz,
  error text,
  deadline timestamptz not null,
  expires timestamptz not null,
  next_check timestamptz not null,
  notifications bigint not null default 0,
  version bigint not null default 0,
  created timestamptz not null,
  updated timestamptz not null,
  unique (master, task_id, first_run)
);
create unique index bridge_request_number on bridge_request (master, epoch, request_id);
create index bridge_request_due on bridge_request (master, next_check) where state <> 'resolved';
create index bridge_request_task on bridge_request (task_id);
create index bridge_request_resolved on bridge_request (updated) where state = 'resolved';

-- The request of each run of a task. The key makes one request of a run, however often its event is received.
create table bridge_run (
  task_id uuid not null,
  run_id smallint not null,
  request bigint not null references bridge_request (id) on delete cascade,
  build_id bigint,
  primary key (task_id, run_id)
);
create index bridge_run_request on bridge_run (request);

-- Notes about tasks: what a service has to say about a task beyond its state, such as where it waits or what could not be done
-- for it. For people only: nothing decides by it. One note per task and source. Never written on the hot path; deleted with
-- its task (expire_rows).
create table task_note (
  task_id uuid not null,
  source text not null check (length(source) between 1 and 64),
  kind text not null check (length(kind) between 1 and 64),
  message text not null check (length(message) between 1 and 2000),
  at timestamptz not null,
  primary key (task_id, source)
);

-- Events stay readable for a while after they were sent.

-- One event as it was in the outbox, without its trace and what can be read from its task. `subject` is the task, or the group of
-- an event about a whole group.
create type logged_event as (
  id bigint,
  kind smallint,
  at timestamptz,
  subject uuid,
  run_id smallint,
  payload jsonb,
  priority smallint,
  retries_left smallint,
  state smallint,
  current_run smallint,
  reason_created smallint,
  reason_resolved smallint,
  scheduled timestamptz,
  started timestamptz,
  resolved timestamptz,
  taken_until timestamptz,
  worker_group text,
  worker_id text
);

-- The positions of events in the log: in the order in which they were logged, without regard to their ids.
create sequence event_position;

-- One row per batch of the relay. `last` is the position of the last event in it. One partition per day, made and dropped
-- whole by rotate_event_log.
create table event_log (
  last bigint not null,
  logged timestamptz not null,
  lowest_id bigint not null,
  highest_id bigint not null,
  events logged_event[] not null,
  primary key (last, logged)
) partition by range (logged);
-- Not every server is built with lz4.
do $$ begin
  alter table event_log alter events set compression lz4;
exception when feature_not_supported then null;
end $$;

-- Which tasks belong to a push, by project and revision. The Treeherder reporter writes it when it receives the first event of a
-- task, so that creating tasks costs nothing more.
create table push_task (
  project text not null,
  revision text not null,
  task_id uuid not null,
  expires timestamptz not null,
  primary key (project, revision, task_id)
);
create index push_task_expires on push_task (expires);

-- Dead letters: messages that a consumer could not process, or, without a queue, that the relay could not send. task_id: the
-- task of a message that could not be sent.

create table dead_letter (
  dead_letter_id bigint primary key generated always as identity,
  queue text not null,
  message_id text not null,
  exchange text not null,
  routing_key text not null,
  cc text[] not null,
  content_type text not null,
  body bytea not null,
  reason text not null,
  tries int not null,
  dead_lettered timestamptz not null,
  task_id uuid
);
-- A message that fails again replaces its earlier row.
create unique index dead_letter_once on dead_letter (queue, exchange, message_id) where message_id <> '';
create index dead_letter_task on dead_letter (task_id) where task_id is not null;
