-- bridge_notify: write, bridge, since version 1
-- Makes open requests of a master due for a check now: these, or with null all of them. How many.
create or replace function bridge_notify(master_in text, request_ids_in bigint[], now_in timestamptz)
returns int language plpgsql as $$
declare
  changed int;
begin
  update bridge_request b set next_check = least(b.next_check, now_in), notifications = b.notifications + 1
  where b.id in (
    select q.id from bridge_request q
    where q.master = master_in and q.state <> 'resolved' and (request_ids_in is null or q.request_id = any(request_ids_in))
    order by q.id for update);
  get diagnostics changed = row_count;
  return changed;
end $$;
