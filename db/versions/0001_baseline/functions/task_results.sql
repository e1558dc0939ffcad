-- task_results: read, queue, since version 1
-- The tasks of a call, in the order of the arguments. A task that does not exist has outcome no_such_task and nothing else.
create or replace function task_results(places_in int[], outcomes_in smallint[], task_ids_in uuid[], with_body_in boolean)
returns setof task_result language sql stable as $$
  select u.place, case when s.task_id is null then outcome_no_such_task() else u.outcome end,
         u.task_id, s.task_group_id, s.task_queue_id, s.scheduler_id, s.project_id,
         s.priority, s.retries_left, s.deadline, s.expires, s.state, s.run_id,
         s.reason_created, s.reason_resolved, s.scheduled, s.started, s.resolved,
         s.taken_until, s.worker_group, s.worker_id, s.past,
         d.priority, d.body
  from unnest(places_in, outcomes_in, task_ids_in) with ordinality u(place, outcome, task_id, i)
  left join task_status s on s.task_id = u.task_id
  left join task_definition d on with_body_in and d.task_id = u.task_id
  order by u.i
$$;
