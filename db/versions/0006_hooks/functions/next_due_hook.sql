-- next_due_hook: read, hooks, since version 6
-- When the next hook is due; null: none is scheduled. Leases count only for hooks whose date has come.
create or replace function next_due_hook(now_in timestamptz) returns timestamptz language sql stable as $$
  select least(
    (select min(h.next_scheduled_at) from hook h where h.next_scheduled_at > now_in and not h.paused),
    (select min(coalesce(h.leased_until, now_in)) from hook h where h.next_scheduled_at <= now_in and not h.paused))
$$;
