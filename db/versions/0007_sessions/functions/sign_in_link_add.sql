-- sign_in_link_add: write, auth, since version 7
-- A link that signs in as a client, once. Also deletes some that have expired.
create or replace function sign_in_link_add(link_id_in bytea, client_id_in text, expires_in timestamptz, now_in timestamptz)
returns void language plpgsql as $$
begin
  delete from sign_in_link l where l.link_id in (
    select x.link_id from sign_in_link x where x.expires <= now_in order by x.expires limit 100 for update skip locked);
  insert into sign_in_link (link_id, client_id, expires) values (link_id_in, client_id_in, expires_in);
end $$;
