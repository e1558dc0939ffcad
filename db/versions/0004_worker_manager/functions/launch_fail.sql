-- launch_fail: write, provisioner, since version 4
-- The provider refused, so that nothing was launched: the launch stops counting as supply, the pool is due, and has an error
-- report with the launch's id. False: somebody else has the launch now, or it ended otherwise.
create or replace function launch_fail(launch_id_in uuid, attempt_in int, class_in text, code_in text, words_in text, now_in timestamptz)
returns boolean language plpgsql as $$
declare
  l launch;
begin
  -- Launches before pools, as everybody locks them; a decision locks no launches.
  update launch o set state = launch_state_failed(), since = now_in, leased_until = null, failure_class = class_in,
    result = concat_ws(': ', nullif(code_in, ''), words_in)
  where o.launch_id = launch_id_in and o.attempts = attempt_in and o.state < launch_state_settled()
  returning * into l;
  if not found then
    return false;
  end if;
  perform provision_report_error(l.launch_id, l.worker_pool_id, l.provider_id, l.launch_config_id, 'creation-error', 'Instance Creation Error',
    concat_ws(': ', nullif(code_in, ''), words_in),
    jsonb_build_object('class', class_in, 'code', code_in, 'region', l.region, 'instances', l.instances), now_in);
  perform provision_wake(array[l.worker_pool_id], now_in);
  return true;
end $$;
