-- provision_report_boot: write, provisioner, since version 4
-- An error report that a machine never became a worker: one for each launch, however many of its machines did not.
create or replace function provision_report_boot(worker_in pool_worker, words_in text, now_in timestamptz) returns void language sql as $$
  select provision_report_error(worker_in.launch_id, worker_in.worker_pool_id, worker_in.provider_id, worker_in.launch_config_id,
    'boot-error', 'Worker Did Not Register', 'a machine was launched and ' || words_in,
    jsonb_build_object('class', 'boot', 'workerGroup', worker_in.worker_group, 'workerId', worker_in.worker_id, 'launchId', worker_in.launch_id),
    now_in)
  where worker_in.launch_id is not null
$$;
