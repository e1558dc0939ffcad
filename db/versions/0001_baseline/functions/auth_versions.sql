-- auth_versions: read, auth, since version 1
-- How often clients and roles were changed.
create or replace function auth_versions() returns table (clients bigint, roles bigint) language sql stable as $$
  select v.clients, v.roles from auth_version v
$$;
