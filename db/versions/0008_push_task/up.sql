-- Version 8: which tasks belong to a push, for whoever asks by project and revision. The Treeherder reporter writes it when it
-- first hears of a task, so that creating tasks costs nothing more.
create table push_task (
  project text not null,
  revision text not null,
  task_id uuid not null,
  expires timestamptz not null,
  primary key (project, revision, task_id)
);
create index push_task_expires on push_task (expires);
