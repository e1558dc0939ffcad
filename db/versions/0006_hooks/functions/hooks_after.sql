-- hooks_after: read, hooks, since version 6
-- Hooks of all groups in order of their ids, at most limit_in after the given one.
create or replace function hooks_after(group_after_in text, hook_after_in text, limit_in int) returns setof hook language sql stable as $$
  select * from hook h where (h.hook_group_id, h.hook_id) > (coalesce(group_after_in, '') collate "C", coalesce(hook_after_in, '') collate "C")
  order by h.hook_group_id, h.hook_id limit limit_in
$$;
