-- launch_renew: write, provisioner, since version 9
-- Launches that are being carried out belong to their launcher for longer. Those that somebody else has taken meanwhile, which
-- attempts_in tells, stay as they are.
create or replace function launch_renew(launches_in uuid[], attempts_in int[], lease_until_in timestamptz) returns void language plpgsql as $$
begin
  -- In the order of the keys, so that two of these never wait for each other.
  perform from launch l join unnest(launches_in, attempts_in) as r(launch_id, attempt) on l.launch_id = r.launch_id and l.attempts = r.attempt
  where l.state in (launch_state_calling(), launch_state_unknown()) order by l.launch_id for update of l;
  update launch l set leased_until = lease_until_in from unnest(launches_in, attempts_in) as r(launch_id, attempt)
  where l.launch_id = r.launch_id and l.attempts = r.attempt and l.state in (launch_state_calling(), launch_state_unknown());
end $$;
