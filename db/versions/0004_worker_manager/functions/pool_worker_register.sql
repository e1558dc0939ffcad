-- pool_worker_register: write, worker_manager, since version 4
-- Registers a worker whose proof was compared with provider_data_in. from_in: the states it may be in; a worker that is requested
-- starts to run, which is published. No row: it changed meanwhile, or is in another state.
create or replace function pool_worker_register(
  worker_pool_id_in text, worker_group_in text, worker_id_in text, provider_data_in jsonb, from_in smallint,
  sealed_secret_in jsonb, terminate_after_in timestamptz, check_at_in timestamptz, now_in timestamptz
) returns setof pool_worker language plpgsql as $$
declare
  it pool_worker;
begin
  update pool_worker w set state = worker_state_running(), registered = now_in, last_modified = now_in,
    sealed_secret = sealed_secret_in, terminate_after = terminate_after_in, check_at = coalesce(check_at_in, w.check_at)
  where w.worker_pool_id = worker_pool_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in
    and w.state = from_in and w.expires > now_in and w.provider_data = provider_data_in
  returning * into it;
  if not found then
    return;
  end if;
  if from_in = worker_state_requested() then
    perform provision_learn(jsonb_build_array(jsonb_build_object('launch_id', it.launch_id, 'launched', 1,
      'boot_seconds', extract(epoch from now_in - it.created))), now_in);
    perform emit_pool_worker_event('worker-running', it, null, now_in);
  end if;
  return next it;
end $$;
