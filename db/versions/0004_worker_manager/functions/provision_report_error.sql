-- provision_report_error: write, provisioner, since version 4
-- An error report of a worker pool with its event. A repeat with the same id changes nothing. The owner is notified of missing
-- capacity only when it has lasted: the provider usually has some again soon.
create or replace function provision_report_error(
  error_id_in uuid, pool_in text, provider_in text, launch_config_in text, kind_in text, title_in text, description_in text,
  extra_in jsonb, now_in timestamptz
) returns void language plpgsql as $$
begin
  insert into worker_pool_error (error_id, worker_pool_id, reported, kind, title, description, extra, launch_config_id, email_due)
  select error_id_in, pool_in, now_in, kind_in, title_in, description_in, extra_in::text, launch_config_in,
    p.email_on_error and (extra_in ->> 'class' is distinct from 'capacity' or exists (
      select from worker_pool_error e where e.worker_pool_id = pool_in and e.extra::jsonb ->> 'class' = 'capacity'
        and e.reported between now_in - interval '1 hour' and now_in - interval '10 minutes'))
  from worker_pool p where p.worker_pool_id = pool_in
  on conflict (error_id) do nothing;
  if not found then
    return;
  end if;
  perform emit_service_event('worker-manager', 'worker-pool-error',
    worker_routing_key(pool_in, provider_in, null, null, launch_config_in),
    '{}', jsonb_strip_nulls(jsonb_build_object(
      'workerPoolId', pool_in, 'providerId', provider_in, 'errorId', slugid(error_id_in), 'kind', kind_in, 'title', title_in,
      'launchConfigId', launch_config_in, 'timestamp', event_time(now_in)))::text, null, now_in);
end $$;
