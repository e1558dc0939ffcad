-- session_end: write, auth, since version 7
-- There is no such session afterwards.
create or replace function session_end(session_id_in bytea) returns void language sql as $$
  delete from session s where s.session_id = session_id_in
$$;
