-- hook_discards: read, hooks, since version 6
-- Why messages fired nothing, the latest first.
create or replace function hook_discards(hook_group_id_in text, hook_id_in text)
returns table (reason text, messages bigint, first_seen timestamptz, last_seen timestamptz) language sql stable as $$
  select d.reason, d.messages, d.first_seen, d.last_seen from hook_discard d
  where d.hook_group_id = hook_group_id_in and d.hook_id = hook_id_in order by d.last_seen desc, d.reason
$$;
