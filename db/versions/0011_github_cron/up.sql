-- Version 11: repositories whose default branch may have a `.cron.yml`.

-- repository: owner and name with a slash between them, as GitHub writes them. branch: the default branch. pushed: when it was last pushed to,
-- as far as is known. watched: it had the file when it was last read, or was pushed to since. done_until: jobs with dates up to this
-- one are deliveries by now, or were missed for good. leased_until: one process has it, or it is to be tried again then. attempt: counts
-- leases, and is their fence. failures, reason: of GitHub's answers since it was last read.
create table github_cron (
  repository text collate "C" primary key,
  installation bigint not null,
  branch text collate "C" not null,
  pushed timestamptz not null,
  watched boolean not null,
  done_until timestamptz not null,
  leased_until timestamptz,
  attempt bigint not null default 0,
  failures int not null default 0,
  reason text
) with (fillfactor = 70);
create index github_cron_due on github_cron (done_until) where watched;
