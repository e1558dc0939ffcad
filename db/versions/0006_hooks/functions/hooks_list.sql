-- hooks_list: read, hooks, since version 6
-- Hooks of a group in order of their ids, at most limit_in after the given one.
create or replace function hooks_list(hook_group_id_in text, after_in text, limit_in int) returns setof hook language sql stable as $$
  select * from hook h where h.hook_group_id = hook_group_id_in and h.hook_id > coalesce(after_in, '') collate "C"
  order by h.hook_id limit limit_in
$$;
