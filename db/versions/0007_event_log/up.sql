-- Version 7: events stay readable for a while after they were sent.

-- One event as the outbox held it, but for its trace and for what its task tells anyway. `subject` is the task, or the
-- group of an event about a whole group.
create type event_fact as (
  id bigint,
  kind smallint,
  at timestamptz,
  subject uuid,
  run_id smallint,
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
);

-- The positions of events in the log: in the order in which they were logged, without regard to their ids.
create sequence event_position;

-- One row per batch of the relay. `last` is the position of the last event in it. One partition per day, made and dropped
-- whole by keep_event_log.
create table event_log (
  last bigint not null,
  logged timestamptz not null,
  lowest_id bigint not null,
  highest_id bigint not null,
  events event_fact[] not null,
  primary key (last, logged)
) partition by range (logged);
-- Not every server is built with lz4.
do $$ begin
  alter table event_log alter events set compression lz4;
exception when feature_not_supported then null;
end $$;
