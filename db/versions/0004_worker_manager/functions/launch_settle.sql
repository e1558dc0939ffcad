-- launch_settle: write, provisioner, since version 4
-- The machines of a launch: their worker rows and worker-requested, and the launch is settled, in one transaction, so that at no
-- time they count twice or not at all. False: it was given up or failed, so nobody counts on its machines and they are to be
-- ended. Safe to repeat.
create or replace function launch_settle(
  launch_id_in uuid, machines_in jsonb, registration_seconds_in int, check_at_in timestamptz, unknown_since_in timestamptz, now_in timestamptz
) returns boolean language plpgsql as $$
declare
  l launch;
  w pool_worker;
  m record;
  lifecycle jsonb;
begin
  select * into l from launch o where o.launch_id = launch_id_in for update;
  if l.state is null or l.state = launch_state_failed() or (l.state = launch_state_unknown() and l.since <= unknown_since_in) then
    return false;
  end if;
  if l.state = launch_state_settled() then
    return not exists (select from jsonb_to_recordset(machines_in) as r("group" text, id text) where not exists (
      select from pool_worker o where o.worker_pool_id = l.worker_pool_id and o.worker_group = r."group" and o.worker_id = r.id));
  end if;
  lifecycle := coalesce((select p.config::jsonb -> 'lifecycle' from worker_pool p where p.worker_pool_id = l.worker_pool_id), '{}');
  for m in select * from jsonb_to_recordset(machines_in) as r("group" text, id text, data jsonb) loop
    insert into pool_worker as o (worker_pool_id, worker_group, worker_id, provider_id, launch_config_id, launch_id, state, capacity,
      created, expires, last_modified, last_checked, check_at, terminate_after, provider_data, lifecycle)
    values (l.worker_pool_id, m."group", m.id, l.provider_id, l.launch_config_id, l.launch_id, worker_state_requested(),
      l.capacity / l.instances, now_in, now_in + interval '7 days', now_in, now_in, check_at_in,
      now_in + make_interval(secs => least(coalesce((lifecycle ->> 'registrationTimeout')::double precision, registration_seconds_in),
        coalesce((lifecycle ->> 'reregistrationTimeout')::double precision, 345600))), m.data, lifecycle)
    on conflict (worker_pool_id, worker_group, worker_id) do nothing returning * into w;
    if found then
      perform emit_pool_worker_event('worker-requested', w, null, now_in);
    end if;
  end loop;
  update launch o set state = launch_state_settled(), since = now_in, leased_until = null where o.launch_id = launch_id_in;
  return true;
end $$;
