-- github_report_of_check: read, github, since version 8
-- The report that GitHub knows as this check run.
create or replace function github_report_of_check(repository_in text, remote_id_in bigint) returns setof github_report language sql stable as $$
  select * from github_report r
  where r.remote_id = remote_id_in and r.repository = repository_in and r.kind = report_kind_check() limit 1
$$;
