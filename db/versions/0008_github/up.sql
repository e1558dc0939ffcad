-- Version 8: web hook deliveries of GitHub, the builds they caused, and what GitHub is to show about these.

-- owner: in lower case, as GitHub compares names. active: false once the app was removed or suspended.
create table github_installation (
  owner text collate "C" primary key,
  installation bigint not null,
  active boolean not null,
  changed timestamptz not null
);

-- body: JSON as it was delivered, empty once it is not needed any more. repository, subject: deliveries that have both in common
-- are handled one at a time, in the order of seq; empty for those that are not handled. reason: why nothing came of it, or
-- the last error. attempts: tries that failed, and the fence of a lease: it counts up with each.
create table github_delivery (
  delivery_id text collate "C" primary key,
  seq bigint generated always as identity,
  event text collate "C" not null,
  body text not null,
  repository text collate "C" not null,
  subject text collate "C" not null,
  state smallint not null,
  reason text,
  received timestamptz not null,
  next_attempt timestamptz,
  leased_until timestamptz,
  attempts int not null default 0,
  finished timestamptz
) with (fillfactor = 70);
create index github_delivery_due on github_delivery (next_attempt) where state = 0::smallint; -- waiting
create index github_delivery_order on github_delivery (repository, subject, seq) where state = 0::smallint; -- waiting
create index github_delivery_received on github_delivery (received);

-- One for each delivery that tasks were made for. owner, name: of the repository, as GitHub writes them. subject: pull/<number>,
-- branch/<name>, tag/<name> or release/<tag>. cancel_class: a newer build of the same subject and class cancels this one;
-- null: none does. before_sha, event_time: by which a delivery is known to be older than one that came first. by_checks: its
-- tasks are reported as check runs, else the group as a commit status. cancel_due: its group is to be sealed and cancelled.
create table github_build (
  task_group_id uuid primary key,
  seq bigint generated always as identity,
  delivery_id text collate "C" not null unique,
  installation bigint not null,
  owner text collate "C" not null,
  name text collate "C" not null,
  sha text collate "C" not null,
  before_sha text collate "C",
  event_time timestamptz,
  event_type text collate "C" not null,
  pull_request bigint,
  subject text collate "C" not null,
  cancel_class text collate "C",
  by_checks boolean not null,
  state smallint not null,
  cancel_due boolean not null default false,
  created timestamptz not null,
  updated timestamptz not null
) with (fillfactor = 70);
create index github_build_seq on github_build (seq);
create index github_build_subject on github_build (owner, name, subject, seq);
create index github_build_sha on github_build (sha);
create index github_build_cancel on github_build (seq) where cancel_due;
create index github_build_created on github_build (created);

-- What GitHub is to show: a check run for a task, a status for a commit, a comment. subject: the task's id; or commit and context of a
-- status; or place and cause of a comment. content: JSON for GitHub. rank: a content of a lower rank never takes the place
-- of one of a higher. version: counts the contents; sent: the one that GitHub has, 0 for none. remote_id: GitHub's id.
-- ambiguous: the last call may have been carried out. failed: GitHub refuses it for good.
create table github_report (
  kind smallint not null,
  repository text collate "C" not null,
  subject text collate "C" not null,
  seq bigint generated always as identity,
  installation bigint not null,
  task_group_id uuid,
  content text not null,
  rank bigint not null,
  version int not null default 1,
  sent int not null default 0,
  remote_id bigint,
  ambiguous boolean not null default false,
  failed boolean not null default false,
  reason text,
  attempts int not null default 0,
  next_attempt timestamptz not null,
  created timestamptz not null,
  changed timestamptz not null,
  primary key (kind, repository, subject)
) with (fillfactor = 70);
create index github_report_due on github_report (installation, next_attempt) where sent < version and not failed;
create index github_report_group on github_report (task_group_id);
create index github_report_remote on github_report (remote_id) where remote_id is not null;
create index github_report_changed on github_report (changed);

-- One process at a time writes to GitHub for an installation. paused_until: GitHub has asked to wait.
create table github_sender (
  installation bigint primary key,
  leased_until timestamptz not null,
  paused_until timestamptz,
  reason text
);
