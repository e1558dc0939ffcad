-- task_group_tasks: read, queue, since version 1
-- The tasks of a group with definitions, in order of their ids, after the given one.
create or replace function task_group_tasks(task_group_id_in uuid, after_in uuid, page_size_in int) returns setof task_result language sql stable as $$
  select a.* from task_results(
    null, null, array(select t.task_id from task t where t.task_group_id = task_group_id_in and (after_in is null or t.task_id > after_in)
                      order by t.task_id limit page_size_in), true) a order by a.task_id
$$;
