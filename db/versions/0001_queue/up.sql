-- Version 1: the queue. Numbers for states, reasons, priorities: `protocol/src/state.rs`.

-- What never changes, written once and apart. The body is canonical JSON text (sorted keys), so that a repeated
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
-- completed_run, resolved_run: the last run that completed, and that ended for good; they tell which edges are
-- satisfied already when a task is run again.
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
  remaining int not null,
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
  worker_id text
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index task_group_tasks on task (task_group_id, task_id);
create index task_deadline on task (deadline);
create index task_expires on task using brin (expires) with (pages_per_range = 32, autosummarize = on);

-- Runs that were followed by another.
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

-- Claimable runs. Rows are inserted and deleted, never updated; task.pending_seq leads to the row of a task.
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

-- Live claims only; the sweep scans it.
create table claim (
  task_id uuid primary key,
  run_id smallint not null,
  taken_until timestamptz not null,
  claimed timestamptz not null,
  task_queue_id text not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- Dependencies, insert only. An edge counts in task.remaining of its dependent until the required task ends a run
-- of at least from_run in a way that satisfies `requires`. from_run 32767: satisfied when the edge was made.
create table edge (
  required uuid not null,
  dependent uuid not null,
  from_run smallint not null,
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

-- Groups in which a task was resolved and of which it is still to be found out whether all are.
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

-- Events on their way out: facts, not bytes. `kind` as in protocol::event::EventKind. run_id is the run the event is
-- about; the columns from priority on are the task's state right after the transition. Group events have no task.
create sequence outbox_id;
create table outbox (
  id bigint primary key default nextval('outbox_id'),
  shard smallint not null default 0,
  kind smallint not null,
  at timestamptz not null,
  task_group_id uuid not null,
  task_id uuid,
  run_id smallint,
  trace text,
  facts jsonb,
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
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- Queues and workers as the queue has seen them.
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
  primary key (task_queue_id, worker_group, worker_id)
) with (fillfactor = 50);

-- How far a sweep over time has come, so that it need not look at what it has done.
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

-- The answer about one task of a call: its place in the call, what became of it, its status, and where asked for
-- the definition with the priority it was stored with.
create type task_answer as (
  place int,
  outcome smallint,
  task_id uuid, task_group_id uuid, task_queue_id text, scheduler_id text, project_id text,
  priority smallint, retries_left smallint, deadline timestamptz, expires timestamptz, state smallint, run_id smallint,
  reason_created smallint, reason_resolved smallint, scheduled timestamptz, started timestamptz, resolved timestamptz,
  taken_until timestamptz, worker_group text, worker_id text, past jsonb,
  stored_priority smallint, body text
);
