-- bridge_requests_of: read, bridge, since version 1
-- The requests that were made for a task, oldest first.
create or replace function bridge_requests_of(task_id_in uuid) returns setof bridge_request language sql stable as $$
  select * from bridge_request b where b.task_id = task_id_in order by b.id
$$;
