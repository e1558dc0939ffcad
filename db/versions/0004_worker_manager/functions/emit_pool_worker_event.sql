-- emit_pool_worker_event: write, worker_manager, since version 4
-- Emits worker-requested, -running, -stopped, or -removed with its reason, about a worker as its row is.
create or replace function emit_pool_worker_event(exchange_in text, worker_in pool_worker, reason_in text, now_in timestamptz)
returns void language sql as $$
  select emit_service_event('worker-manager', exchange_in,
    worker_routing_key(worker_in.worker_pool_id, worker_in.provider_id, worker_in.worker_group, worker_in.worker_id,
      worker_in.launch_config_id), '{}',
    jsonb_strip_nulls(jsonb_build_object('workerPoolId', worker_in.worker_pool_id, 'providerId', worker_in.provider_id,
      'workerGroup', worker_in.worker_group, 'workerId', worker_in.worker_id, 'capacity', worker_in.capacity,
      'launchConfigId', worker_in.launch_config_id, 'timestamp', event_time(now_in), 'reason', reason_in))::text, null, now_in)
$$;
