-- bridge_expire: write, bridge, since version 1
-- Deletes requests that were resolved before a time, at most page_size_in. How many.
create or replace function bridge_expire(before_in timestamptz, page_size_in int)
returns int language plpgsql as $$
declare
  dropped int;
begin
  delete from bridge_request b where b.id in (
    select q.id from bridge_request q where q.state = 'resolved' and q.updated < before_in order by q.updated limit page_size_in for update skip locked);
  get diagnostics dropped = row_count;
  return dropped;
end $$;
