-- task_dependents: read, queue, since version 1
-- The tasks that depend on a task, with definitions, in order of their ids, after the given one.
create or replace function task_dependents(task_id_in uuid, after_in uuid, page_size_in int) returns setof task_result language sql stable as $$
  select a.* from task_results(
    null, null, array(select e.dependent from task_dependency e where e.required = task_id_in and (after_in is null or e.dependent > after_in)
                      order by e.dependent limit page_size_in), true) a where a.outcome is null order by a.task_id
$$;
