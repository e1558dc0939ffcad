-- emit_launch_config_event: write, worker_manager, since version 4
-- Emits launch-config-created, -updated or -archived.
create or replace function emit_launch_config_event(
  exchange_in text, worker_pool_id_in text, provider_id_in text, launch_config_id_in text, now_in timestamptz
) returns void language sql as $$
  select emit_service_event('worker-manager', exchange_in,
    worker_routing_key(worker_pool_id_in, provider_id_in, null, null, launch_config_id_in), '{}',
    jsonb_build_object('workerPoolId', worker_pool_id_in, 'providerId', provider_id_in, 'launchConfigId', launch_config_id_in)::text,
    null, now_in)
$$;
