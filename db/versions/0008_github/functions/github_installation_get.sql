-- github_installation_get: read, github, since version 8
-- The installation of the app for an owner of repositories; none where it is not installed, or suspended.
create or replace function github_installation_get(owner_in text) returns bigint language sql stable as $$
  select i.installation from github_installation i where i.owner = lower(owner_in) and i.active
$$;
