-- index_find: read, index, since version 1
-- The entries at these paths that have not expired, in order of their paths, after the given one.
create or replace function index_find(
  namespaces_in text[], names_in text[], after_namespace_in text, after_name_in text, page_size_in int, now_in timestamptz
) returns setof indexed_task language sql stable as $$
  select t.* from (select distinct u.namespace, u.name from unnest(namespaces_in, names_in) u(namespace, name)) u
  join indexed_task t on t.namespace = u.namespace and t.name = u.name
  where t.expires > now_in and (after_namespace_in is null or (t.namespace, t.name) > (after_namespace_in, after_name_in))
  order by t.namespace, t.name limit page_size_in
$$;
