-- The older version knows nothing of `.cron.yml`; a job that waits is ignored by it.
drop table github_cron;
