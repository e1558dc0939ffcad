-- worker_pool_error_emails: read, worker_manager, since version 4
-- Errors that the owners of their pools are to be notified of, oldest first.
create or replace function worker_pool_error_emails(limit_in int)
returns table (
  error_id uuid, worker_pool_id text, owner text, reported timestamptz, kind text, title text, description text, extra text, launch_config_id text
) language sql stable as $$
  select e.error_id, e.worker_pool_id, p.owner, e.reported, e.kind, e.title, e.description, e.extra, e.launch_config_id
  from worker_pool_error e join worker_pool p using (worker_pool_id)
  where e.email_due order by e.reported limit limit_in
$$;
