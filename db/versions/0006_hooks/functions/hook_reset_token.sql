-- hook_reset_token: write, hooks, since version 6
-- Replaces the trigger token of a hook; whether there is one.
create or replace function hook_reset_token(
  hook_group_id_in text, hook_id_in text, trigger_token_in jsonb, by_in text, now_in timestamptz
) returns boolean language plpgsql as $$
begin
  update hook h set trigger_token = trigger_token_in where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in;
  if not found then
    return false;
  end if;
  perform hook_changed(hook_group_id_in, hook_id_in, null, 'updated', by_in, null, now_in);
  return true;
end $$;
