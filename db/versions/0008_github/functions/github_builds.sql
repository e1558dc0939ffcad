-- github_builds: read, github, since version 8
-- Builds with these properties, each of which may be null, newest first, before the given one. Names of repositories may be given in the
-- form of routing keys, with % for dots.
create or replace function github_builds(
  owner_in text, name_in text, sha_in text, pull_request_in bigint, before_in bigint, page_size_in int
) returns setof github_build language sql stable as $$
  select * from github_build b
  where (owner_in is null or replace(b.owner, '.', '%') = replace(owner_in, '.', '%'))
    and (name_in is null or replace(b.name, '.', '%') = replace(name_in, '.', '%'))
    and (sha_in is null or b.sha = sha_in) and (pull_request_in is null or b.pull_request = pull_request_in)
    and b.seq < coalesce(before_in, 9223372036854775807)
  order by b.seq desc limit page_size_in
$$;
