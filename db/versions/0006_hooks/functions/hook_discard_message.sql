-- hook_discard_message: write, hooks, since version 6
-- Counts a message that fired nothing. Of the reasons of a hook the kept_in latest are kept.
create or replace function hook_discard_message(
  hook_group_id_in text, hook_id_in text, reason_in text, kept_in int, now_in timestamptz
) returns void language plpgsql as $$
begin
  insert into hook_discard as d (hook_group_id, hook_id, reason, messages, first_seen, last_seen)
  select hook_group_id_in, hook_id_in, reason_in, 1, now_in, now_in
  where exists (select from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in)
  on conflict (hook_group_id, hook_id, reason) do update set messages = d.messages + 1, last_seen = greatest(d.last_seen, now_in);
  delete from hook_discard d where d.hook_group_id = hook_group_id_in and d.hook_id = hook_id_in and d.reason in (
    select x.reason from hook_discard x where x.hook_group_id = hook_group_id_in and x.hook_id = hook_id_in
    order by x.last_seen desc, x.reason offset kept_in);
end $$;
