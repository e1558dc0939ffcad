-- third_party_grant_get: read, auth, since version 10
-- What an access token of a third party stands for.
create or replace function third_party_grant_get(token_in bytea, now_in timestamptz)
returns table (third_party text, granted_by text, roles text[], client_id text, description text, scopes text[], client_expires timestamptz)
language sql stable as $$
  select g.third_party, g.granted_by, g.roles, g.client_id, g.description, g.scopes, g.client_expires
  from third_party_grant g where g.grant_id = token_in and not g.is_code and g.expires > now_in
$$;
