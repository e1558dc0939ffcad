-- explain_edges: read, queue, since version 1
-- How dependents stand to tasks they require, pair by pair in the order given. State null: the required task is not there (any more).
-- Edges have no index by dependent, so the caller takes the pairs from the definitions.
create or replace function explain_edges(dependents_in uuid[], required_in uuid[])
returns table (state smallint, satisfied boolean) language sql stable as $$
  select t.state, coalesce(e.from_run = 32767 or t.completed_run >= e.from_run or (e.requires = 1 and t.resolved_run >= e.from_run), false)
  from unnest(dependents_in, required_in) with ordinality u(dependent, required, i)
  left join edge e on e.required = u.required and e.dependent = u.dependent
  left join task t on t.task_id = u.required
  order by u.i
$$;
