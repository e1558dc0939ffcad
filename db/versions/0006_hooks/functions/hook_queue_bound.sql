-- hook_queue_bound: write, hooks, since version 6
-- The queue of a hook has these bindings, and no others, except for those refused. Where the hook wants others by now, another
-- process may have bound them already: then those that the queue may have stay noted.
create or replace function hook_queue_bound(
  hook_group_id_in text, hook_id_in text, bindings_in jsonb, refused_in jsonb, now_in timestamptz
) returns void language sql as $$
  update hook_queue q
  set refused = refused_in, checked = now_in,
      bound = case when exists (select from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in
                                and h.bindings::jsonb = bindings_in) then bindings_in else q.bound end
  where q.hook_group_id = hook_group_id_in and q.hook_id = hook_id_in
$$;
