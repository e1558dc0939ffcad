-- client_update: write, auth, since version 3
-- Changes a client; null leaves a value as it is. action_in is the word for the history. No row: there is no such client.
create or replace function client_update(
  client_id_in text, description_in text, expires_in timestamptz, scopes_in text[], delete_on_expiration_in boolean,
  disabled_in boolean, sealed_access_token_in jsonb, action_in text, by_in text, trace_in text, now_in timestamptz
) returns setof client language plpgsql as $$
begin
  update client c set
    description = coalesce(description_in, c.description), expires = coalesce(expires_in, c.expires),
    scopes = coalesce(scopes_in, c.scopes), delete_on_expiration = coalesce(delete_on_expiration_in, c.delete_on_expiration),
    disabled = coalesce(disabled_in, c.disabled), sealed_access_token = coalesce(sealed_access_token_in, c.sealed_access_token),
    last_rotated = case when sealed_access_token_in is null then c.last_rotated else now_in end, last_modified = now_in
  where c.client_id = client_id_in;
  if found then
    perform auth_changed('client', client_id_in, action_in, 13::smallint, by_in, trace_in, now_in);
  end if;
  return query select * from client c where c.client_id = client_id_in;
end $$;
