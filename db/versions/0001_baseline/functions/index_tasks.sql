-- index_tasks: read, index, since version 1
-- The entries directly in a namespace that have not expired, in order of their names, after the given one.
create or replace function index_tasks(namespace_in text, after_in text, page_size_in int, now_in timestamptz)
returns setof indexed_task language sql stable as $$
  select * from indexed_task t
  where t.namespace = namespace_in and t.expires > now_in and (after_in is null or t.name > after_in)
  order by t.name limit page_size_in
$$;
