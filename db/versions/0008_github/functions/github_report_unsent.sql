-- github_report_unsent: write, github, since version 8
-- An attempt to send a report failed: for good, or to be tried again then. A newer version is tried at once where this one failed for good.
create or replace function github_report_unsent(
  kind_in smallint, repository_in text, subject_in text, version_in int, ambiguous_in boolean, failed_in boolean, reason_in text,
  next_attempt_in timestamptz
) returns void language sql as $$
  update github_report r
  set ambiguous = r.ambiguous or ambiguous_in, reason = reason_in, attempts = r.attempts + 1, next_attempt = next_attempt_in,
      failed = failed_in and r.version = version_in
  where r.kind = kind_in and r.repository = repository_in and r.subject = subject_in
$$;
