-- provision_removal_reason: read, provisioner, since version 4
-- Why a worker whose machine runs is to be removed; null: it may stay. The limits were copied into its row at the launch. Who never
-- claimed has as long as who stopped claiming.
create or replace function provision_removal_reason(worker_in pool_worker, now_in timestamptz) returns text language sql stable as $$
  select case
    when worker_in.state = worker_state_stopping() then null
    when worker_in.terminate_after <= now_in then 'terminateAfter time exceeded'
    when q.worker_id is null and worker_in.created <= now_in - l.idle then 'the worker never claimed work'
    when q.last_date_active <= now_in - l.idle then 'the worker stopped asking for work'
  end
  from (select make_interval(secs => coalesce((worker_in.lifecycle ->> 'queueInactivityTimeout')::double precision, 7200)) as idle) l
  left join worker q on q.task_queue_id = worker_in.worker_pool_id and q.worker_group = worker_in.worker_group and q.worker_id = worker_in.worker_id
$$;
