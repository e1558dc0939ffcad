-- index_insert: write, index, since version 1
-- Puts tasks under paths, in the order given, unless one of a higher rank is there; the entries of the paths after that. An
-- entry that has expired counts as absent. The namespaces above come as (parent, name), and live at least as long as given.
-- Rows are locked in order of their keys, and namespaces that live long enough not at all.
create or replace function index_insert(
  namespaces_in text[], names_in text[], ranks_in double precision[], task_ids_in uuid[], data_in text[], expires_in timestamptz[],
  parents_in text[], parent_names_in text[], parent_expires_in timestamptz[], now_in timestamptz
) returns setof indexed_task language plpgsql as $$
begin
  insert into index_namespace as n (parent, name, expires)
  select u.parent, u.name, max(u.expires) from unnest(parents_in, parent_names_in, parent_expires_in) u(parent, name, expires)
  where not exists (select from index_namespace x where x.parent = u.parent and x.name = u.name and x.expires >= u.expires)
  group by u.parent, u.name order by u.parent, u.name
  on conflict (parent, name) do update set expires = excluded.expires where n.expires < excluded.expires;
  insert into indexed_task as t (namespace, name, rank, task_id, data, expires)
  select distinct on (u.namespace, u.name) u.namespace, u.name, u.rank, u.task_id, u.data, u.expires
  from unnest(namespaces_in, names_in, ranks_in, task_ids_in, data_in, expires_in) with ordinality
    u(namespace, name, rank, task_id, data, expires, i)
  order by u.namespace, u.name, u.rank desc, u.i desc
  on conflict (namespace, name) do update set rank = excluded.rank, task_id = excluded.task_id, data = excluded.data, expires = excluded.expires
  where t.rank <= excluded.rank or t.expires <= now_in;
  return query
    select t.* from (select distinct u.namespace, u.name from unnest(namespaces_in, names_in) u(namespace, name)) u
    join indexed_task t on t.namespace = u.namespace and t.name = u.name;
end $$;
