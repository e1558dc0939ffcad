-- client_get: read, auth, since version 1
-- One client.
create or replace function client_get(client_id_in text) returns setof client language sql stable as $$
  select * from client c where c.client_id = client_id_in
$$;
