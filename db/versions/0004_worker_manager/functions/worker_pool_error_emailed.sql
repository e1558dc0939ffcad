-- worker_pool_error_emailed: write, worker_manager, since version 4
-- The owners of the pools of these errors have been notified. Safe to repeat.
create or replace function worker_pool_error_emailed(error_ids_in uuid[]) returns void language sql as $$
  update worker_pool_error e set email_due = false where e.error_id = any(error_ids_in) and e.email_due
$$;
