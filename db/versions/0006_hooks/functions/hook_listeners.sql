-- hook_listeners: read, hooks, since version 6
-- Hooks with bindings, and queues that may exist at the broker: bindings is null where the hook wants none, bound where it has no
-- queue yet.
create or replace function hook_listeners()
returns table (hook_group_id text, hook_id text, bindings text, bound text) language sql stable as $$
  select coalesce(h.hook_group_id, q.hook_group_id), coalesce(h.hook_id, q.hook_id), h.bindings, q.bound::text
  from (select * from hook x where x.bindings <> '[]') h
  full join hook_queue q on q.hook_group_id = h.hook_group_id and q.hook_id = h.hook_id
$$;
