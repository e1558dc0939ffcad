-- audit_list: read, auth, since version 1
-- The history of an entity, or (entity_type_in null) what a client did, oldest first, after the given number.
create or replace function audit_list(entity_type_in text, entity_id_in text, client_id_in text, after_in bigint, page_size_in int)
returns setof audit_history language sql stable as $$
  select * from audit_history a
  where (entity_type_in is null or (a.entity_type = entity_type_in and a.entity_id = entity_id_in))
    and (client_id_in is null or a.client_id = client_id_in) and (after_in is null or a.seq > after_in)
  order by a.seq limit page_size_in
$$;
