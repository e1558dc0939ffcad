-- hook_queue_get: read, hooks, since version 6
-- What is known of the queue of a hook; no row where it has none.
create or replace function hook_queue_get(hook_group_id_in text, hook_id_in text)
returns table (bound text, refused text, checked timestamptz) language sql stable as $$
  select q.bound::text, q.refused::text, q.checked from hook_queue q where q.hook_group_id = hook_group_id_in and q.hook_id = hook_id_in
$$;
