-- delay_hook: write, hooks, since version 6
-- Lets a hook whose fire did not come about be tried again then, unless it has changed.
create or replace function delay_hook(
  hook_group_id_in text, hook_id_in text, generation_in bigint, scheduled_at_in timestamptz, leased_until_in timestamptz
) returns void language sql as $$
  update hook h set leased_until = leased_until_in, attempts = h.attempts + 1
  where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in and h.generation = generation_in
    and h.next_scheduled_at = scheduled_at_in
$$;
