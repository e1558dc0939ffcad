-- client_change: write, auth, since version 1
-- Changes a client; null leaves a value as it is. kept_in: scopes that the caller did not have to hold, because the client
-- had them when the request was checked; if one is gone by now, nothing is written. action_in goes into the history.
create or replace function client_change(
  client_id_in text, description_in text, expires_in timestamptz, scopes_in text[], kept_in text[],
  delete_on_expiration_in boolean, disabled_in boolean, sealed_access_token_in jsonb, action_in text, by_in text,
  trace_in text, now_in timestamptz
) returns table (outcome text, written client) language plpgsql as $$
begin
  -- Whoever changes the client meanwhile waits here, or has committed and is seen.
  select * into written from client c where c.client_id = client_id_in for update;
  if not found then
    outcome := 'missing';
    return next;
    return;
  elsif not written.scopes @> kept_in then
    outcome := 'changed';
    return next;
    return;
  end if;
  update client c set
    description = coalesce(description_in, c.description), expires = coalesce(expires_in, c.expires),
    scopes = coalesce(scopes_in, c.scopes), delete_on_expiration = coalesce(delete_on_expiration_in, c.delete_on_expiration),
    disabled = coalesce(disabled_in, c.disabled), sealed_access_token = coalesce(sealed_access_token_in, c.sealed_access_token),
    last_rotated = case when sealed_access_token_in is null then c.last_rotated else now_in end, last_modified = now_in
  where c.client_id = client_id_in
  returning c.* into written;
  perform auth_changed('client', client_id_in, action_in, event_client_updated(), by_in, trace_in, now_in);
  outcome := 'done';
  return next;
end $$;
