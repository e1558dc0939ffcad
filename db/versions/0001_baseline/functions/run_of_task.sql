-- run_of_task: read, queue, since version 1
-- One run of a task, with what artifacts need of both; run_id_in null: the last run. No row: there is none.
create or replace function run_of_task(task_id_in uuid, run_id_in smallint)
returns table (
  run_id smallint, state smallint, resolved timestamptz, worker_group text, worker_id text, task_expires timestamptz,
  project_id text
)
language sql stable as $$
  select task.run_id, task.state, task.resolved, task.worker_group, task.worker_id, task.expires, task.project_id
  from task
  where task.task_id = task_id_in and task.run_id >= 0 and task.run_id = coalesce(run_id_in, task.run_id)
  union all
  select past.run_id, past.state, past.resolved, past.worker_group, past.worker_id, task.expires, task.project_id
  from task join task_run_past as past using (task_id)
  where task.task_id = task_id_in and past.run_id = run_id_in and past.run_id <> task.run_id;
$$;
