-- secrets_all: read, secrets, since version 1
-- Sealed secrets after the given name, to seal them again after a change of the key.
create or replace function secrets_all(after_in text, page_size_in int) returns setof secret language sql stable as $$
  select * from secret s where after_in is null or s.name > after_in order by s.name limit page_size_in
$$;
