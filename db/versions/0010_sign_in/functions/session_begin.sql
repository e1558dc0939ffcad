-- session_begin: write, auth, since version 10
-- A new session: of a stored client, or with roles, of a person whom an identity provider signed in. Also deletes some that have
-- expired, so that there are never many of them.
create or replace function session_begin(
  session_id_in bytea, client_id_in text, fingerprint_in bytea, roles_in text[], idle_in interval, now_in timestamptz
) returns void language plpgsql as $$
begin
  delete from session s where s.session_id in (
    select x.session_id from session x where x.expires <= now_in order by x.expires limit 100 for update skip locked);
  insert into session (session_id, client_id, fingerprint, roles, created, seen, idle, expires)
  values (session_id_in, client_id_in, fingerprint_in, roles_in, now_in, now_in, idle_in, now_in + idle_in)
  on conflict (session_id) do nothing;
end $$;
