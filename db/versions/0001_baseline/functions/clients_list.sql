-- clients_list: read, auth, since version 1
-- Clients whose id begins with a prefix, in order of their ids, after the given one.
create or replace function clients_list(prefix_in text, after_in text, page_size_in int) returns setof client language sql stable as $$
  select * from client c
  where starts_with(c.client_id, prefix_in) and (after_in is null or c.client_id > after_in)
  order by c.client_id limit page_size_in
$$;
