-- Version 6: notes about tasks.

-- What one part has to say about a task that its state does not tell: where it waits, what could not be done for it. For
-- people only: nothing decides by it. One note per task and source, so that a part that says something new replaces what
-- it said before, and a task has few. Never written on the hot path; it goes with its task (expire_rows).
create table task_note (
  task_id uuid not null,
  source text not null check (length(source) between 1 and 64),
  kind text not null check (length(kind) between 1 and 64),
  words text not null check (length(words) between 1 and 2000),
  at timestamptz not null,
  primary key (task_id, source)
);
