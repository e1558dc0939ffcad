-- github_cancel_builds: write, github, since version 8
-- Marks the pending builds of a commit or a pull request, each of which may be null, to be cancelled; returns them as they are then.
create or replace function github_cancel_builds(
  owner_in text, name_in text, sha_in text, pull_request_in bigint, now_in timestamptz
) returns setof github_build language sql as $$
  update github_build b set state = build_state_cancelled(), cancel_due = true, updated = now_in
  where b.owner = owner_in and b.name = name_in and (sha_in is null or b.sha = sha_in)
    and (pull_request_in is null or b.pull_request = pull_request_in) and b.state = build_state_pending()
  returning b.*
$$;
