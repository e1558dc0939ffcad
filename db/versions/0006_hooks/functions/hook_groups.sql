-- hook_groups: read, hooks, since version 6
-- Ids of groups with hooks, in order, at most limit_in after the given one. Each is one look into the index.
create or replace function hook_groups(after_in text, limit_in int) returns setof text language sql stable as $$
  with recursive g(id, n) as (
    select (select h.hook_group_id from hook h where h.hook_group_id > coalesce(after_in, '') collate "C" order by h.hook_group_id limit 1), 1
    union all
    select (select h.hook_group_id from hook h where h.hook_group_id > g.id order by h.hook_group_id limit 1), g.n + 1
    from g where g.id is not null and g.n < limit_in)
  select g.id from g where g.id is not null order by g.id
$$;
