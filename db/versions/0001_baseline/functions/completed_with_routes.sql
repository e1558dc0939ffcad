-- completed_with_routes: read, index, since version 1
-- Tasks that completed between two times and have routes into the index, in order of their resolution.
create or replace function completed_with_routes(resolved_after_in timestamptz, resolved_until_in timestamptz, page_size_in int)
returns table (task_id uuid, resolved timestamptz) language sql stable as $$
  select t.task_id, t.resolved from task t join task_definition d on d.task_id = t.task_id
  where t.deadline > resolved_after_in - interval '1 day' and t.state = task_state_completed() and t.has_routes
    and t.resolved > resolved_after_in and t.resolved <= resolved_until_in and d.body like '%"index.%'
  order by t.resolved limit page_size_in
$$;
