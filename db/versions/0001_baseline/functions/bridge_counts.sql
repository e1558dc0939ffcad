-- bridge_counts: read, bridge, since version 1
-- How many requests of a master are in each state, apart by whether they are to be cancelled; the oldest of each.
create or replace function bridge_counts(master_in text)
returns table (state text, intent text, requests bigint, oldest timestamptz) language sql stable as $$
  select b.state, b.intent, count(*), min(b.created) from bridge_request b where b.master = master_in group by b.state, b.intent order by 1, 2
$$;
