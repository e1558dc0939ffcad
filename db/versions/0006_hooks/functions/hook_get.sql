-- hook_get: read, hooks, since version 6
-- One hook.
create or replace function hook_get(hook_group_id_in text, hook_id_in text) returns setof hook language sql stable as $$
  select * from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in
$$;
