-- Version 6: hooks, and what became of their fires.

-- definition: metadata, task, schedule and triggerSchema as canonical JSON text, so that repeats compare by text; bindings have a
-- column of their own, since an update may leave them out. generation: another one with each change, never used twice, so
-- that what was rendered from an older definition is not created. next_task_id: the id of the task of the next date, sealed
-- because whoever knows it could create another task in its place. next_scheduled_at: null without a schedule.
-- leased_until: until then one process is firing the hook, or waits to try again. attempts: tries of this date that failed.
create table hook (
  hook_group_id text collate "C" not null,
  hook_id text collate "C" not null,
  definition text not null,
  bindings text not null,
  generation bigint not null,
  trigger_token jsonb not null,
  next_task_id jsonb not null,
  next_scheduled_at timestamptz,
  leased_until timestamptz,
  attempts int not null default 0,
  paused boolean not null default false,
  created timestamptz not null,
  last_modified timestamptz not null,
  primary key (hook_group_id, hook_id)
) with (fillfactor = 70);
create index hook_due on hook (next_scheduled_at) where next_scheduled_at is not null and not paused;
create index hook_listening on hook (hook_group_id, hook_id) where bindings <> '[]';
create sequence hook_generation;

-- fire_key: what caused the fire; a hook fires once for each. Null: a cause without an identity. error: why there is no task.
-- task_id: the task that was made, or would have been. caused_by: the fire whose task the message was about.
create table hook_fire (
  fire_id bigint primary key generated always as identity,
  hook_group_id text collate "C" not null,
  hook_id text collate "C" not null,
  fire_key text collate "C",
  fired_by smallint not null,
  fired timestamptz not null,
  scheduled_at timestamptz,
  task_id uuid not null,
  result smallint not null,
  error text not null,
  caused_by bigint,
  expires timestamptz not null
);
create unique index hook_fire_key on hook_fire (hook_group_id, hook_id, fire_key) where fire_key is not null;
create index hook_fire_of_hook on hook_fire (hook_group_id, hook_id, fire_id);
create index hook_fire_task on hook_fire (task_id);
create index hook_fire_expires on hook_fire using brin (expires);

-- Queues that may exist at the broker: written before one is declared, deleted after it was deleted there. bound: the bindings that
-- it may have, a JSON list; refused: those that the broker did not accept, each with the reason.
create table hook_queue (
  hook_group_id text collate "C" not null,
  hook_id text collate "C" not null,
  bound jsonb not null,
  refused jsonb not null default '[]',
  checked timestamptz,
  primary key (hook_group_id, hook_id)
);

-- Messages that fired nothing, counted by the reason.
create table hook_discard (
  hook_group_id text collate "C" not null,
  hook_id text collate "C" not null,
  reason text collate "C" not null,
  messages bigint not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  primary key (hook_group_id, hook_id, reason)
);
