-- client_used: write, auth, since version 1
-- Notes when clients were last used; callers gather, so this is rare.
create or replace function client_used(client_ids_in text[], now_in timestamptz) returns void language sql as $$
  update client c set last_date_used = now_in where c.client_id = any(client_ids_in) and c.last_date_used < now_in
$$;
