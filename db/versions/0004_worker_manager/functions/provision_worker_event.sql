-- provision_worker_event: write, provisioner, since version 4
-- Emits an event of a worker in the transaction of its change. reason_in: of worker-removed only.
create or replace function provision_worker_event(exchange_in text, worker_in pool_worker, reason_in text, now_in timestamptz)
returns void language plpgsql as $$
begin
  perform emit_service_event('worker-manager', exchange_in,
    concat_ws('.', 'primary', worker_in.provider_id, split_part(worker_in.worker_pool_id, '/', 1), split_part(worker_in.worker_pool_id, '/', 2),
      worker_in.worker_group, worker_in.worker_id, coalesce(worker_in.launch_config_id, '_'), '_'),
    '{}', jsonb_strip_nulls(jsonb_build_object(
      'workerPoolId', worker_in.worker_pool_id, 'providerId', worker_in.provider_id, 'workerGroup', worker_in.worker_group,
      'workerId', worker_in.worker_id, 'capacity', worker_in.capacity, 'launchConfigId', worker_in.launch_config_id, 'reason', reason_in,
      'timestamp', to_char(now_in at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))::text, null, now_in);
end $$;
