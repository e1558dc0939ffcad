-- hook_reseal: write, hooks, since version 6
-- Replaces the secrets of a hook by the same ones sealed anew; whether they still were what they were.
create or replace function hook_reseal(
  hook_group_id_in text, hook_id_in text, trigger_token_before_in jsonb, trigger_token_in jsonb, next_task_id_before_in jsonb, next_task_id_in jsonb
) returns boolean language plpgsql as $$
begin
  update hook h set trigger_token = trigger_token_in, next_task_id = next_task_id_in
  where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in
    and h.trigger_token = trigger_token_before_in and h.next_task_id = next_task_id_before_in;
  return found;
end $$;
