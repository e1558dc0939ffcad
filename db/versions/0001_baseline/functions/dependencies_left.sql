-- dependencies_left: read, queue, since version 1
-- How many dependencies of a task are not satisfied, told from the edges and the tasks required. Ids in definitions are slugids.
create or replace function dependencies_left(task_id_in uuid) returns int language sql stable as $$
  select count(*)::int
  from task_definition d
  cross join lateral (
    select distinct encode(decode(translate(x, '-_', '+/') || '==', 'base64'), 'hex')::uuid as required
    from json_array_elements_text(coalesce(d.body::json -> 'dependencies', '[]')) x) r
  join edge e on e.required = r.required and e.dependent = d.task_id
  left join task p on p.task_id = e.required
  where d.task_id = task_id_in and e.from_run < 32767
    and not coalesce(case when e.requires = 1 then p.resolved_run >= e.from_run else p.completed_run >= e.from_run end, false)
$$;
