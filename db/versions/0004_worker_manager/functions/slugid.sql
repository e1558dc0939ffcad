-- slugid: read, worker_manager, since version 4
-- A UUID as the API spells it.
create or replace function slugid(id_in uuid) returns text language sql immutable parallel safe as $$
  select rtrim(translate(encode(uuid_send(id_in), 'base64'), '+/', '-_'), '=')
$$;
