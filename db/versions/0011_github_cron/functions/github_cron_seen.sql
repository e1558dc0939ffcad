-- github_cron_seen: write, github, since version 11
-- Keeps that the default branch of a repository was pushed to then. One that was not watched is from now on, and has missed no dates; so is one
-- that the app was given again or that has another default branch. What is older than what is known changes nothing.
create or replace function github_cron_seen(
  repository_in text, installation_in bigint, branch_in text, pushed_in timestamptz, now_in timestamptz
) returns void language sql as $$
  insert into github_cron as c (repository, installation, branch, pushed, watched, done_until)
  values (repository_in, installation_in, branch_in, pushed_in, true, now_in)
  on conflict (repository) do update
  set installation = excluded.installation, branch = excluded.branch, pushed = greatest(c.pushed, excluded.pushed),
      watched = true, done_until = case when c.watched then c.done_until else excluded.done_until end
  where excluded.pushed > c.pushed
     or excluded.pushed = c.pushed and (c.installation <> excluded.installation or c.branch <> excluded.branch)
$$;
