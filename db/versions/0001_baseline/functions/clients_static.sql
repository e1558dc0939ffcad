-- clients_static: write, auth, since version 1
-- Makes the clients below static/ just what the configuration says. Answers how many were written or deleted. A token is written only
-- where changed_in says that it differs from the stored one, since sealed texts cannot be compared.
create or replace function clients_static(
  client_ids_in text[], descriptions_in text[], sealed_access_tokens_in jsonb[], changed_in boolean[], scopes_in jsonb, now_in timestamptz
) returns int language plpgsql as $$
declare
  written int;
  gone int;
begin
  insert into client as c (client_id, description, sealed_access_token, scopes, expires, created, last_modified, last_date_used, last_rotated)
  select u.id, u.description, u.token, array(select jsonb_array_elements_text(scopes_in -> (u.i::int - 1))), now_in + interval '1000 years', now_in, now_in, now_in, now_in
  from unnest(client_ids_in, descriptions_in, sealed_access_tokens_in) with ordinality u(id, description, token, i) order by u.id
  on conflict (client_id) do update set
    description = excluded.description, scopes = excluded.scopes, disabled = false, last_modified = now_in,
    sealed_access_token = case when changed_in[array_position(client_ids_in, excluded.client_id)] then excluded.sealed_access_token else c.sealed_access_token end
  where c.description <> excluded.description or c.scopes <> excluded.scopes or c.disabled
    or changed_in[array_position(client_ids_in, excluded.client_id)];
  get diagnostics written = row_count;
  delete from client c where starts_with(c.client_id, 'static/') and c.client_id <> all(client_ids_in);
  get diagnostics gone = row_count;
  if written + gone > 0 then
    update auth_version set clients = clients + 1;
  end if;
  return written + gone;
end $$;
