-- find_ids: read, queue, since version 3
-- Ids of tasks and of task groups between two, both inclusive, in order; at most limit_in of each. Ranges of the primary keys.
create or replace function find_ids(low_in uuid, high_in uuid, limit_in int)
returns table (task_ids uuid[], task_group_ids uuid[]) language sql stable as $$
  select array(select t.task_id from task t where t.task_id between low_in and high_in order by t.task_id limit limit_in),
         array(select g.task_group_id from task_group g where g.task_group_id between low_in and high_in
               order by g.task_group_id limit limit_in)
$$;
