-- hook_queue_prepare: write, hooks, since version 6
-- Notes that the queue of a hook is about to exist, and to have these bindings; all those that it may have by then.
create or replace function hook_queue_prepare(hook_group_id_in text, hook_id_in text, bindings_in jsonb) returns text language sql as $$
  insert into hook_queue as q (hook_group_id, hook_id, bound) values (hook_group_id_in, hook_id_in, bindings_in)
  on conflict (hook_group_id, hook_id) do update
  set bound = (select coalesce(jsonb_agg(distinct b), '[]') from jsonb_array_elements(q.bound || bindings_in) b)
  returning q.bound::text
$$;
