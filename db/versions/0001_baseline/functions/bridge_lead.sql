-- bridge_lead: write, bridge, since version 1
-- Makes a process the leader for a master until a time, unless another one is and its time is not over. The master's row, in
-- which the leader may be the other one.
create or replace function bridge_lead(master_in text, leader_in uuid, until_in timestamptz, now_in timestamptz)
returns setof bridge_master language sql as $$
  insert into bridge_master as m (master, since, leader, leader_until) values (master_in, now_in, leader_in, until_in)
  on conflict (master) do update set
    leader = case when m.leader = leader_in or m.leader_until is null or m.leader_until <= now_in then leader_in else m.leader end,
    leader_until = case when m.leader = leader_in or m.leader_until is null or m.leader_until <= now_in then until_in else m.leader_until end
  returning m.*
$$;
