-- github_report_put: write, github, since version 8
-- What GitHub is to show from now on, unless something of a higher rank is there. An unsent content is replaced; an equal one
-- changes nothing. Whether it changed.
create or replace function github_report_put(
  kind_in smallint, repository_in text, subject_in text, installation_in bigint, task_group_id_in uuid, content_in text,
  rank_in bigint, now_in timestamptz
) returns boolean language plpgsql as $$
begin
  insert into github_report as r (kind, repository, subject, installation, task_group_id, content, rank, next_attempt, created, changed)
  values (kind_in, repository_in, subject_in, installation_in, task_group_id_in, content_in, rank_in, now_in, now_in, now_in)
  on conflict (kind, repository, subject) do update
  set content = excluded.content, rank = excluded.rank, version = r.version + 1, installation = excluded.installation,
      next_attempt = case when r.sent < r.version and not r.failed then r.next_attempt else now_in end, failed = false, attempts = 0, changed = now_in
  where excluded.rank >= r.rank and excluded.content <> r.content;
  return found;
end $$;
