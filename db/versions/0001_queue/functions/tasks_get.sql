-- tasks_get: read, queue, since version 1
-- Tasks by id, in the order asked for; outcome 2 for those that do not exist.
create or replace function tasks_get(task_ids_in uuid[], with_body_in boolean) returns setof task_answer language sql stable as $$
  select * from task_answers(array(select generate_series(1, cardinality(task_ids_in))), null, task_ids_in, with_body_in) a order by a.place
$$;
