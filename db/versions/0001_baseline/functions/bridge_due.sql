-- bridge_due: read, bridge, since version 1
-- Open requests of a master that are due for a check, the longest due first, without those being checked (busy_in).
create or replace function bridge_due(master_in text, busy_in bigint[], page_size_in int, now_in timestamptz)
returns setof bridge_request language sql stable as $$
  select * from bridge_request b
  where b.master = master_in and b.state <> 'resolved' and b.next_check <= now_in and b.id <> all(busy_in)
  order by b.next_check limit page_size_in
$$;
