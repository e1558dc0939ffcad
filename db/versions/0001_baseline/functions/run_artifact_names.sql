-- run_artifact_names: read, treeherder, since version 1
-- Names of the artifacts of several runs, by the place of the run in the call and then by name; at most limit_in of each run.
create or replace function run_artifact_names(task_ids_in uuid[], run_ids_in smallint[], limit_in int)
returns table (place int, name text) language sql stable as $$
  select u.place::int, a.name
  from unnest(task_ids_in, run_ids_in) with ordinality u(task_id, run_id, place)
  cross join lateral (
    select x.name from artifact x where x.task_id = u.task_id and x.run_id = u.run_id order by x.name limit limit_in) a
  order by u.place, a.name
$$;
