-- bridge_checked: write, bridge, since version 1
-- These requests were checked and have not changed: they are due again at these times, or at once if notified since they were
-- read.
create or replace function bridge_checked(ids_in bigint[], notifications_in bigint[], next_checks_in timestamptz[], now_in timestamptz)
returns int language plpgsql as $$
declare
  changed int;
begin
  update bridge_request b set next_check = case when b.notifications > u.notifications then now_in else u.next_check end
  from unnest(ids_in, notifications_in, next_checks_in) u(id, notifications, next_check)
  where b.id = u.id and b.id in (select q.id from bridge_request q where q.id = any(ids_in) order by q.id for update);
  get diagnostics changed = row_count;
  return changed;
end $$;
