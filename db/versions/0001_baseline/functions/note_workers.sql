-- note_workers: write, queue, since version 1
-- Records the tasks of workers since the last call: worker k of the arrays was active at active_in[k]; each run, oldest first,
-- names its worker. A worker keeps the last 20.
create or replace function note_workers(
  task_queue_ids_in text[], worker_groups_in text[], worker_ids_in text[], active_in timestamptz[],
  run_workers_in int[], run_task_ids_in uuid[], run_ids_in smallint[]
) returns void language sql as $$
  insert into worker as w (task_queue_id, worker_group, worker_id, first_claim, last_date_active, expires, recent_task_ids, recent_run_ids)
  select u.q, u.g, u.w, u.active, u.active, u.active + interval '1 day', r.task_ids, r.run_ids
  from unnest(task_queue_ids_in, worker_groups_in, worker_ids_in, active_in) with ordinality u(q, g, w, active, k)
  join (
    select s.k, (array_agg(s.task_id order by s.i))[greatest(1, count(*) - 19):] as task_ids,
           (array_agg(s.run_id order by s.i))[greatest(1, count(*) - 19):] as run_ids
    from unnest(run_workers_in, run_task_ids_in, run_ids_in) with ordinality s(k, task_id, run_id, i) group by s.k) r on r.k = u.k
  order by 1, 2, 3
  on conflict (task_queue_id, worker_group, worker_id) do update set
    last_date_active = greatest(w.last_date_active, excluded.last_date_active), expires = greatest(w.expires, excluded.expires),
    recent_task_ids = (w.recent_task_ids || excluded.recent_task_ids)[greatest(1, cardinality(w.recent_task_ids) + cardinality(excluded.recent_task_ids) - 19):],
    recent_run_ids = (w.recent_run_ids || excluded.recent_run_ids)[greatest(1, cardinality(w.recent_run_ids) + cardinality(excluded.recent_run_ids) - 19):]
$$;
