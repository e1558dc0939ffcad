-- emit_worker_pool_event: write, worker_manager, since version 4
-- Emits worker-pool-created, or worker-pool-updated with the provider of before. No word of the key is known, as in Taskcluster.
create or replace function emit_worker_pool_event(
  exchange_in text, worker_pool_id_in text, provider_id_in text, previous_provider_id_in text, now_in timestamptz
) returns void language sql as $$
  select emit_service_event('worker-manager', exchange_in, worker_routing_key(null, null, null, null, null), '{}',
    jsonb_strip_nulls(jsonb_build_object('workerPoolId', worker_pool_id_in, 'providerId', provider_id_in,
      'previousProviderId', previous_provider_id_in))::text, null, now_in)
$$;
