-- take_due_hooks: write, hooks, since version 6
-- Leases hooks whose date has come and that nobody else fires, oldest date first. A lease that ends unused, because its process
-- is gone or something is away, lets the hook be taken again.
create or replace function take_due_hooks(limit_in int, leased_until_in timestamptz, now_in timestamptz) returns setof hook language sql as $$
  update hook h set leased_until = leased_until_in
  from (select x.hook_group_id, x.hook_id from hook x
        where x.next_scheduled_at <= now_in and not x.paused and coalesce(x.leased_until <= now_in, true)
        order by x.next_scheduled_at limit limit_in for no key update skip locked) due
  where h.hook_group_id = due.hook_group_id and h.hook_id = due.hook_id
  returning h.*
$$;
