-- provision_orphans: read, provisioner, since version 4
-- Of machines that launches made, those that nobody counts on: no worker row, or a stopped one, and the launch ended.
create or replace function provision_orphans(machines_in jsonb) returns setof text language sql stable as $$
  select m.id from jsonb_to_recordset(machines_in) as m(id text, launch uuid)
  where not exists (select from pool_worker w where w.launch_id = m.launch and w.worker_id = m.id and w.state < worker_state_stopped())
    and not exists (select from launch l where l.launch_id = m.launch and l.state < launch_state_settled())
$$;
