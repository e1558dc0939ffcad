-- github_report_sent: write, github, since version 8
-- GitHub has this version of a report, under this id.
create or replace function github_report_sent(
  kind_in smallint, repository_in text, subject_in text, version_in int, remote_id_in bigint
) returns void language sql as $$
  update github_report r set sent = version_in, remote_id = coalesce(remote_id_in, r.remote_id), ambiguous = false, attempts = 0, reason = null
  where r.kind = kind_in and r.repository = repository_in and r.subject = subject_in and r.sent < version_in
$$;
