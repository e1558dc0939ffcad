-- clients_all: read, auth, since version 1
-- Every client, for the copy that a process keeps.
create or replace function clients_all() returns setof client language sql stable as $$
  select * from client
$$;
