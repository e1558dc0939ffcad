-- github_cron_retry: write, github, since version 11
-- Lets a leased repository be tried again then; whether this attempt still had the lease.
create or replace function github_cron_retry(
  repository_in text, attempt_in bigint, next_in timestamptz, reason_in text
) returns boolean language plpgsql as $$
begin
  update github_cron c set leased_until = next_in, failures = c.failures + 1, reason = reason_in
  where c.repository = repository_in and c.attempt = attempt_in;
  return found;
end $$;
