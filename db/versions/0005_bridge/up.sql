-- Version 5: the Buildbot bridge.

-- A master, and the process that looks after it. `epoch` counts how often its numbers began anew (its database was
-- restored or replaced): a number means nothing in another epoch. `state` is unknown, up, down or refused.
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

-- A build request that a task waits for, from the wish on. `state`:
--   wanted    no request is known yet; one may have been made (`attempts`)
--   created   the master has the request, and the task's run is pending
--   running   the run is claimed for the build `build_id`
--   finished  the build ended as `result`, which the task is not told yet
--   resolved  nothing is left to do
-- `wanted` is run, or cancel once nobody waits any more. Builds up to `last_build` are dealt with. `claimed_seen`: since
-- when the master has it claimed without a build. `pokes` counts what asked to look.
create table bridge_request (
  id bigint generated always as identity primary key,
  master text not null,
  epoch bigint not null default 0,
  task_id uuid not null,
  first_run smallint not null,
  run_id smallint not null,
  state text not null default 'wanted',
  wanted text not null default 'run',
  builder text,
  attempts int not null default 0,
  tried timestamptz,
  buildset_id bigint,
  request_id bigint,
  submitted timestamptz,
  lost boolean not null default false,
  claimed_seen timestamptz,
  last_build bigint not null default 0,
  build_id bigint,
  build_number bigint,
  result smallint,
  ended timestamptz,
  taken_until timestamptz,
  reclaim_at timestamptz,
  cancel_asked timestamptz,
  cancel_tried timestamptz,
  error text,
  deadline timestamptz not null,
  expires timestamptz not null,
  next_check timestamptz not null,
  pokes bigint not null default 0,
  version bigint not null default 0,
  created timestamptz not null,
  updated timestamptz not null,
  unique (master, task_id, first_run)
);
create unique index bridge_request_number on bridge_request (master, epoch, request_id);
create index bridge_request_due on bridge_request (master, next_check) where state <> 'resolved';
create index bridge_request_task on bridge_request (task_id);
create index bridge_request_over on bridge_request (updated) where state = 'resolved';

-- Which request a run of a task waits for. A run stands here once, so that however often it is told of, it makes one request.
create table bridge_run (
  task_id uuid not null,
  run_id smallint not null,
  request bigint not null references bridge_request (id) on delete cascade,
  build_id bigint,
  primary key (task_id, run_id)
);
create index bridge_run_request on bridge_run (request);
