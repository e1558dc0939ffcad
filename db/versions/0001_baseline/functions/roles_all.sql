-- roles_all: read, auth, since version 1
-- Every role, in order of their ids.
create or replace function roles_all() returns setof role language sql stable as $$
  select * from role r order by r.role_id
$$;
