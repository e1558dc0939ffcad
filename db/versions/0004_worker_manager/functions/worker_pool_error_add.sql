-- worker_pool_error_add: write, worker_manager, since version 4
-- Stores an error of a pool and publishes it, in the name of the pool's provider of now. A null group: it is of no worker. No
-- row: there is no such pool. email: the owner is to get an e-mail about it (worker_pool_error_emails).
create or replace function worker_pool_error_add(
  error_id_in uuid, worker_pool_id_in text, worker_group_in text, worker_id_in text, launch_config_id_in text, kind_in text,
  title_in text, description_in text, extra_in text, now_in timestamptz
) returns table (launch_config_id text, owner text, email boolean) language plpgsql as $$
declare
  pool worker_pool;
begin
  select * into pool from worker_pool p where p.worker_pool_id = worker_pool_id_in;
  if not found then
    return;
  end if;
  launch_config_id := coalesce(launch_config_id_in, (
    select w.launch_config_id from pool_worker w
    where w.worker_pool_id = worker_pool_id_in and w.worker_group = worker_group_in and w.worker_id = worker_id_in));
  owner := pool.owner;
  email := pool.email_on_error;
  insert into worker_pool_error (error_id, worker_pool_id, reported, kind, title, description, extra, launch_config_id, email_due)
  values (error_id_in, worker_pool_id_in, now_in, kind_in, title_in, description_in, extra_in, worker_pool_error_add.launch_config_id,
    pool.email_on_error);
  perform emit_service_event('worker-manager', 'worker-pool-error',
    worker_routing_key(worker_pool_id_in, pool.provider_id, worker_group_in, worker_id_in, worker_pool_error_add.launch_config_id), '{}',
    jsonb_strip_nulls(jsonb_build_object('workerPoolId', worker_pool_id_in, 'providerId', pool.provider_id,
      'errorId', slugid(error_id_in), 'kind', kind_in, 'title', title_in, 'timestamp', event_time(now_in),
      'workerGroup', worker_group_in, 'workerId', worker_id_in, 'launchConfigId', worker_pool_error_add.launch_config_id))::text,
    null, now_in);
  return next;
end $$;
