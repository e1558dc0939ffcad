-- create_tasks: write, queue, since version 1
-- The same as create_tasks_with_routes for programs that do not say whether a task has routes.
create or replace function create_tasks(
  task_ids_in uuid[], task_group_ids_in uuid[], task_queue_ids_in text[], scheduler_ids_in text[], project_ids_in text[],
  priorities_in smallint[], retries_in smallint[], requires_in smallint[], deadlines_in timestamptz[],
  expires_in timestamptz[], bodies_in text[], edge_required_in uuid[], edge_index_in int[],
  inside_required_in uuid[], inside_index_in int[], traces_in text[], new_queues_in text[], now_in timestamptz
) returns table (outcome smallint, detail text, ready boolean) language plpgsql as $$
begin
  return query select * from create_tasks_with_routes(
    task_ids_in, task_group_ids_in, task_queue_ids_in, scheduler_ids_in, project_ids_in, priorities_in, retries_in, requires_in,
    deadlines_in, expires_in, bodies_in, edge_required_in, edge_index_in, inside_required_in, inside_index_in, traces_in,
    new_queues_in, array_fill(true, array[cardinality(task_ids_in)]), now_in);
end $$;
