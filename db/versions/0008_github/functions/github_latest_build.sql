-- github_latest_build: read, github, since version 8
-- The newest build of a subject, like branch/main.
create or replace function github_latest_build(owner_in text, name_in text, subject_in text) returns setof github_build language sql stable as $$
  select * from github_build b where b.owner = owner_in and b.name = name_in and b.subject = subject_in order by b.seq desc limit 1
$$;
