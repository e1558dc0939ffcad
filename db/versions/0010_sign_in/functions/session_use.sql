-- session_use: write, auth, since version 7, last used by version 9
-- A session that has not expired. It is good for its whole idle time again; that is recorded once in a while only, for a page
-- sends many requests.
create or replace function session_use(session_id_in bytea, record_after_in interval, now_in timestamptz)
returns table (client_id text, fingerprint bytea, expires timestamptz) language plpgsql as $$
declare
  found_seen timestamptz;
  found_idle interval;
begin
  select s.client_id, s.fingerprint, s.expires, s.seen, s.idle into client_id, fingerprint, expires, found_seen, found_idle
  from session s where s.session_id = session_id_in and s.expires > now_in;
  if not found then
    return;
  end if;
  if found_seen <= now_in - record_after_in then
    expires := now_in + found_idle;
    update session s set seen = now_in, expires = now_in + s.idle where s.session_id = session_id_in;
  end if;
  return next;
end $$;
