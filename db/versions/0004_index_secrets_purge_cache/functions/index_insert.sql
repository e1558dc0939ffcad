-- index_insert: write, index, since version 4
-- Puts a task under a path, unless one of a higher rank is there; answers the entry that is there then. The namespaces on the way
-- come as (parent, name), outermost first, and live at least until namespace_expires_in.
create or replace function index_insert(
  namespace_in text, name_in text, rank_in double precision, task_id_in uuid, data_in text, expires_in timestamptz,
  parents_in text[], names_in text[], namespace_expires_in timestamptz
) returns setof indexed_task language plpgsql as $$
begin
  insert into index_namespace as n (parent, name, expires)
  select u.parent, u.name, namespace_expires_in from unnest(parents_in, names_in) with ordinality u(parent, name, i) order by u.i
  on conflict (parent, name) do update set expires = excluded.expires where n.expires < excluded.expires;
  insert into indexed_task as t (namespace, name, rank, task_id, data, expires)
  values (namespace_in, name_in, rank_in, task_id_in, data_in, expires_in)
  on conflict (namespace, name) do update set rank = excluded.rank, task_id = excluded.task_id, data = excluded.data, expires = excluded.expires
  where t.rank <= excluded.rank;
  return query select * from indexed_task t where t.namespace = namespace_in and t.name = name_in;
end $$;
