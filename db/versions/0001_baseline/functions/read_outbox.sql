-- read_outbox: read, relay, since version 1
-- The oldest events of a shard, each with what a status and a message need. part: tags and routes of the task, in the whole
-- definition or, where that is big, alone. Only the id is read of events that no queue is bound for: those of other kinds than
-- kinds_in, and than kinds_with_routes_in where the task has routes.
create or replace function read_outbox(
  shard_in smallint, kinds_in smallint[], kinds_with_routes_in smallint[], limit_in int
) returns table (
  id bigint, kind smallint, at timestamptz, trace text, payload jsonb, task_group_id uuid, task_id uuid, run_id smallint,
  task_queue_id text, scheduler_id text, project_id text, priority smallint, retries_left smallint, deadline timestamptz,
  expires timestamptz, state smallint, current_run smallint, reason_created smallint, reason_resolved smallint,
  scheduled timestamptz, started timestamptz, resolved timestamptz, taken_until timestamptz, worker_group text,
  worker_id text, past jsonb, part text
) language sql stable as $$
  select o.id, (o.e).kind, (o.e).at, (o.e).trace, (o.e).payload, (o.e).task_group_id, (o.e).task_id, (o.e).run_id, t.task_queue_id,
         t.scheduler_id, t.project_id, (o.e).priority, (o.e).retries_left, t.deadline, t.expires, (o.e).state, (o.e).current_run,
         (o.e).reason_created, (o.e).reason_resolved, (o.e).scheduled, (o.e).started, (o.e).resolved, (o.e).taken_until,
         (o.e).worker_group, (o.e).worker_id,
         case when (o.e).current_run > 0 then
           (select jsonb_agg(to_jsonb(p) - 'task_id' order by p.run_id) from task_run_past p
            where p.task_id = (o.e).task_id and p.run_id < (o.e).current_run)
         end,
         case when octet_length(d.body) <= 16384 then d.body
              else json_build_object('routes', d.body::json -> 'routes', 'tags', d.body::json -> 'tags')::text end
  from (
    select x.id, case when x.kind = any(kinds_in) or (x.has_routes and x.kind = any(kinds_with_routes_in)) then x end as e
    from outbox x where x.shard = shard_in order by x.id limit limit_in) o
  left join task t on t.task_id = (o.e).task_id
  left join task_definition d on d.task_id = (o.e).task_id
  order by o.id
$$;
