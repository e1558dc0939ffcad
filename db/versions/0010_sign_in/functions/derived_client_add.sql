-- derived_client_add: write, auth, since version 10
-- Before a client is made out of somebody's scopes: from now on it is watched. One that is there already was made by others, and is not
-- watched. Also deletes some that have expired.
create or replace function derived_client_add(
  client_id_in text, made_by_in text, roles_in text[], expires_in timestamptz, now_in timestamptz
) returns void language plpgsql as $$
begin
  delete from derived_client d where d.client_id in (
    select x.client_id from derived_client x where x.expires <= now_in order by x.expires limit 100 for update skip locked);
  insert into derived_client (client_id, made_by, roles, expires)
  select client_id_in, made_by_in, roles_in, expires_in where not exists (select 1 from client c where c.client_id = client_id_in)
  on conflict (client_id) do update set made_by = excluded.made_by, roles = excluded.roles, expires = excluded.expires;
end $$;
