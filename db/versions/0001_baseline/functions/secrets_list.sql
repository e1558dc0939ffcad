-- secrets_list: read, secrets, since version 1
-- The names of secrets that have not expired, in order, after the given one.
create or replace function secrets_list(after_in text, page_size_in int, now_in timestamptz) returns setof text language sql stable as $$
  select s.name from secret s where s.expires > now_in and (after_in is null or s.name > after_in) order by s.name limit page_size_in
$$;
