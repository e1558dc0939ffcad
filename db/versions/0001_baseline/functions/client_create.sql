-- client_create: write, auth, since version 1
-- Creates a client. fresh: this call made it. An identical repeat within 15 minutes returns the client as it is; any other
-- client of that id has same = false.
create or replace function client_create(
  client_id_in text, description_in text, sealed_access_token_in jsonb, scopes_in text[], expires_in timestamptz,
  delete_on_expiration_in boolean, by_in text, trace_in text, now_in timestamptz
) returns table (fresh boolean, same boolean, client client) language plpgsql as $$
begin
  loop
    insert into client (client_id, description, sealed_access_token, scopes, expires, delete_on_expiration, created, last_modified, last_date_used, last_rotated)
    values (client_id_in, description_in, sealed_access_token_in, scopes_in, expires_in, delete_on_expiration_in, now_in, now_in, now_in, now_in)
    on conflict do nothing;
    fresh := found;
    if fresh then
      perform auth_changed('client', client_id_in, 'created', event_client_created(), by_in, trace_in, now_in);
    end if;
    return query
      select client_create.fresh,
             client_create.fresh or (c.description = description_in and c.scopes = scopes_in and c.expires = expires_in and not c.disabled
               and c.created > now_in - interval '15 minutes'),
             c
      from client c where c.client_id = client_id_in;
    -- The conflicting client may have been deleted between the two statements: then the insert is tried again.
    exit when found;
  end loop;
end $$;
