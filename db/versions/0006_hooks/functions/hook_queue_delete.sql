-- hook_queue_delete: write, hooks, since version 6
-- The queue of a hook is gone from the broker. It stays noted where the hook has bindings again.
create or replace function hook_queue_delete(hook_group_id_in text, hook_id_in text) returns void language sql as $$
  delete from hook_queue q where q.hook_group_id = hook_group_id_in and q.hook_id = hook_id_in
    and not exists (select from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in and h.bindings <> '[]')
$$;
