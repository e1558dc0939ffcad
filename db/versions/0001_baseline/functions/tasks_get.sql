-- tasks_get: read, queue, since version 1
-- Tasks by id, in the order asked for; outcome no_such_task for those that do not exist. In plpgsql, which keeps the plan; a
-- function in sql would be planned anew with each call.
create or replace function tasks_get(task_ids_in uuid[], with_body_in boolean) returns setof task_result language plpgsql stable as $$
declare
  places int[] := array(select generate_series(1, cardinality(task_ids_in)));
begin
  return query select * from task_results(places, null, task_ids_in, with_body_in);
end $$;
