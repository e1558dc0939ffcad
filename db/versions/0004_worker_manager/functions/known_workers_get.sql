-- known_workers_get: read, worker_manager, since version 4
-- Workers that the queue has seen, with what worker-manager knows of them: all of a task queue after the given one, or one; those
-- that are quarantined; of one launch config; in one state; those that worker-manager does not know.
create or replace function known_workers_get(
  task_queue_id_in text, worker_group_in text, worker_id_in text, quarantined_in boolean, launch_config_id_in text, state_in smallint,
  standalone_in boolean, after_group_in text, after_id_in text, page_size_in int, now_in timestamptz
) returns table (
  task_queue_id text, worker_group text, worker_id text, first_claim timestamptz, last_date_active timestamptz, expires timestamptz,
  quarantine_until timestamptz, quarantine_details jsonb, recent_task_ids uuid[], recent_run_ids smallint[],
  provider_id text, launch_config_id text, state smallint, capacity int
) language sql stable as $$
  select w.task_queue_id, w.worker_group, w.worker_id, w.first_claim, w.last_date_active, w.expires, w.quarantine_until,
    w.quarantine_details, w.recent_task_ids, w.recent_run_ids, k.provider_id, k.launch_config_id, k.state, k.capacity
  from worker w
  left join pool_worker k on k.worker_pool_id = w.task_queue_id and k.worker_group = w.worker_group and k.worker_id = w.worker_id
  where w.task_queue_id = task_queue_id_in
    and (worker_group_in is null or (w.worker_group = worker_group_in and w.worker_id = worker_id_in))
    and (w.expires > now_in or w.quarantine_until > now_in)
    and (not quarantined_in or w.quarantine_until > now_in)
    and (launch_config_id_in is null or k.launch_config_id = launch_config_id_in)
    and (state_in is null or k.state = state_in) and (not standalone_in or k.state is null)
    and (after_group_in is null or (w.worker_group, w.worker_id) > (after_group_in, after_id_in))
  order by w.worker_group, w.worker_id limit page_size_in
$$;
