-- sign_in_link_take: write, auth, since version 7
-- Uses a link up: of two who use it at once, one gets the client that it signs in as.
create or replace function sign_in_link_take(link_id_in bytea, now_in timestamptz) returns setof text language sql as $$
  with used as (delete from sign_in_link l where l.link_id = link_id_in returning l.client_id, l.expires)
  select u.client_id from used u where u.expires > now_in
$$;
