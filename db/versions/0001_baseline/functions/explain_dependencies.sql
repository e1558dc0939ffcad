-- explain_dependencies: read, queue, since version 1
-- For pairs of tasks, in the order given: the state of the required one (null: it does not exist), and whether the dependency
-- is satisfied. The table has no index by dependent, so the caller takes the pairs from the definitions.
create or replace function explain_dependencies(dependents_in uuid[], required_in uuid[])
returns table (state smallint, satisfied boolean) language sql stable as $$
  select t.state, coalesce(e.effective_from_run = satisfied_at_creation() or t.completed_run >= e.effective_from_run or (e.requires = requires_all_resolved() and t.resolved_run >= e.effective_from_run), false)
  from unnest(dependents_in, required_in) with ordinality u(dependent, required, i)
  left join task_dependency e on e.required = u.required and e.dependent = u.dependent
  left join task t on t.task_id = u.required
  order by u.i
$$;
