-- bridge_masters: read, bridge, since version 1
-- Every master that was ever configured, and its state.
create or replace function bridge_masters() returns setof bridge_master language sql stable as $$
  select * from bridge_master m order by m.master
$$;
