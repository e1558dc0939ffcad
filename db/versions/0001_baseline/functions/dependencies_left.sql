-- dependencies_left: read, queue, since version 1
-- How many dependencies of a task are not satisfied, counted anew from task_dependency and the tasks required. Ids in
-- definitions are slugs.
create or replace function dependencies_left(task_id_in uuid) returns int language sql stable as $$
  select count(*)::int
  from task_definition d
  cross join lateral (
    select distinct encode(decode(translate(x, '-_', '+/') || '==', 'base64'), 'hex')::uuid as required
    from json_array_elements_text(coalesce(d.body::json -> 'dependencies', '[]')) x) r
  join task_dependency e on e.required = r.required and e.dependent = d.task_id
  left join task p on p.task_id = e.required
  where d.task_id = task_id_in and e.effective_from_run < satisfied_at_creation()
    and not coalesce(case when e.requires = requires_all_resolved() then p.resolved_run >= e.effective_from_run else p.completed_run >= e.effective_from_run end, false)
$$;
