-- hook_update: write, hooks, since version 6
-- Replaces the definition of a hook, and its bindings unless they are null. The next date is the given one where the schedule
-- changes, and stays otherwise. The hook as it is then; no row where there is none.
create or replace function hook_update(
  hook_group_id_in text, hook_id_in text, definition_in text, bindings_in text, next_scheduled_at_in timestamptz,
  by_in text, trace_in text, now_in timestamptz
) returns setof hook language plpgsql as $$
declare
  stored hook;
  same_schedule boolean;
begin
  select * into stored from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in for no key update;
  if not found then
    return;
  end if;
  same_schedule := (stored.definition::json -> 'schedule')::text = (definition_in::json -> 'schedule')::text;
  update hook h
  set definition = definition_in, bindings = coalesce(bindings_in, h.bindings), generation = nextval('hook_generation'),
      next_scheduled_at = case when same_schedule then h.next_scheduled_at else next_scheduled_at_in end,
      leased_until = null, attempts = 0, last_modified = now_in
  where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in;
  perform hook_changed(hook_group_id_in, hook_id_in, 'hook-updated', 'updated', by_in, trace_in, now_in);
  return query select * from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in;
end $$;
