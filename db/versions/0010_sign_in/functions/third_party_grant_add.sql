-- third_party_grant_add: write, auth, since version 10
-- What somebody allowed a third party, to be had for a code (or for an access token, where the third party takes that). Also deletes some
-- that have expired.
create or replace function third_party_grant_add(
  grant_id_in bytea, is_code_in boolean, third_party_in text, redirect_uri_in text, granted_by_in text, roles_in text[],
  client_id_in text, description_in text, scopes_in text[], client_expires_in timestamptz, expires_in timestamptz, now_in timestamptz
) returns void language plpgsql as $$
begin
  delete from third_party_grant g where g.grant_id in (
    select x.grant_id from third_party_grant x where x.expires <= now_in order by x.expires limit 100 for update skip locked);
  insert into third_party_grant
    (grant_id, is_code, third_party, redirect_uri, granted_by, roles, client_id, description, scopes, client_expires, expires)
  values (grant_id_in, is_code_in, third_party_in, redirect_uri_in, granted_by_in, roles_in, client_id_in, description_in, scopes_in,
          client_expires_in, expires_in)
  on conflict (grant_id) do nothing;
end $$;
