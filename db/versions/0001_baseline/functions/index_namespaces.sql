-- index_namespaces: read, index, since version 1
-- The namespaces directly in a namespace that have not expired, in order of their names, after the given one.
create or replace function index_namespaces(parent_in text, after_in text, page_size_in int, now_in timestamptz)
returns setof index_namespace language sql stable as $$
  select * from index_namespace n
  where n.parent = parent_in and n.expires > now_in and (after_in is null or n.name > after_in)
  order by n.name limit page_size_in
$$;
