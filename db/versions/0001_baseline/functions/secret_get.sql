-- secret_get: read, secrets, since version 1
-- A secret that has not expired.
create or replace function secret_get(name_in text, now_in timestamptz) returns setof secret language sql stable as $$
  select * from secret s where s.name = name_in and s.expires > now_in
$$;
