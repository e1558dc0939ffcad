-- bridge_leave: write, bridge, since version 1
-- Releases the leadership of a process that ends, so that another one need not wait until its time is over.
create or replace function bridge_leave(master_in text, leader_in uuid)
returns void language sql as $$
  update bridge_master m set leader = null, leader_until = null where m.master = master_in and m.leader = leader_in
$$;
