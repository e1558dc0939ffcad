-- derived_clients: read, auth, since version 10
-- A page of the clients that were made out of somebody's scopes.
create or replace function derived_clients(after_in text, page_size_in int, now_in timestamptz)
returns table (client_id text, made_by text, roles text[]) language sql stable as $$
  select d.client_id, d.made_by, d.roles from derived_client d
  where d.client_id > after_in and d.expires > now_in order by d.client_id limit page_size_in
$$;
