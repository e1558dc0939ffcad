-- index_delete: write, index, since version 1
-- Takes a task from a path, whether one is there or not. Namespaces stay until they expire.
create or replace function index_delete(namespace_in text, name_in text) returns void language sql as $$
  delete from indexed_task t where t.namespace = namespace_in and t.name = name_in
$$;
