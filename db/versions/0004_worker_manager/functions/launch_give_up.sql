-- launch_give_up: write, provisioner, since version 4
-- Ends launches of which nobody could find out for too long whether they were carried out. Machines of theirs that turn up are ended
-- by the sweeper. The launches.
create or replace function launch_give_up(provider_in text, unknown_since_in timestamptz, limit_in int, now_in timestamptz)
returns table (launch_id uuid, worker_pool_id text, launch_config_id text, region text) language plpgsql as $$
declare
  l launch;
  words text := 'No answer came, and no machines of this launch were found';
begin
  for l in
    select * from launch o where o.provider_id = provider_in and o.state = launch_state_unknown() and o.since <= unknown_since_in
    order by o.since limit limit_in for update skip locked
  loop
    update launch o set state = launch_state_failed(), since = now_in, leased_until = null, failure_class = 'unknown',
      result = concat_ws('; ', words, l.result)
    where o.launch_id = l.launch_id;
    perform provision_report_error(l.launch_id, l.worker_pool_id, l.provider_id, l.launch_config_id, 'creation-error', 'Instance Creation Error',
      concat_ws('; ', words, l.result), jsonb_build_object('class', 'unknown', 'region', l.region, 'instances', l.instances), now_in);
    perform provision_wake(array[l.worker_pool_id], now_in);
    launch_id := l.launch_id; worker_pool_id := l.worker_pool_id; launch_config_id := l.launch_config_id; region := l.region;
    return next;
  end loop;
end $$;
