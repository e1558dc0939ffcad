-- hook_set_paused: write, hooks, since version 6
-- Pauses a hook, or lets it go on; its next date then is the given one. Whether there is one.
create or replace function hook_set_paused(
  hook_group_id_in text, hook_id_in text, paused_in boolean, next_scheduled_at_in timestamptz, by_in text, now_in timestamptz
) returns boolean language plpgsql as $$
declare
  stored hook;
begin
  select * into stored from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in for no key update;
  if not found then
    return false;
  end if;
  if stored.paused <> paused_in then
    update hook h
    set paused = paused_in, next_scheduled_at = next_scheduled_at_in, leased_until = null, attempts = 0, last_modified = now_in
    where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in;
    perform hook_changed(hook_group_id_in, hook_id_in, 'hook-updated', 'updated', by_in, null, now_in);
  end if;
  return true;
end $$;
