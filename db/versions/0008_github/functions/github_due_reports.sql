-- github_due_reports: read, github, since version 8
-- What is to be sent for an installation, the oldest first.
create or replace function github_due_reports(installation_in bigint, page_size_in int, now_in timestamptz)
returns setof github_report language sql stable as $$
  select * from github_report r
  where r.installation = installation_in and r.sent < r.version and not r.failed and r.next_attempt <= now_in
  order by r.next_attempt, r.seq limit page_size_in
$$;
