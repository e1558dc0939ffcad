-- read_outbox: read, relay, since version 1
-- The oldest events of a shard, each with what a status and a message need. `part` holds tags and routes of the task, in
-- the whole definition or, where that is big, alone.
create or replace function read_outbox(shard_in smallint, limit_in int) returns table (
  id bigint, kind smallint, at timestamptz, trace text, facts jsonb, task_group_id uuid, task_id uuid, run_id smallint,
  task_queue_id text, scheduler_id text, project_id text, priority smallint, retries_left smallint, deadline timestamptz,
  expires timestamptz, state smallint, current_run smallint, reason_created smallint, reason_resolved smallint,
  scheduled timestamptz, started timestamptz, resolved timestamptz, taken_until timestamptz, worker_group text,
  worker_id text, past jsonb, part text
) language sql stable as $$
  select o.id, o.kind, o.at, o.trace, o.facts, o.task_group_id, o.task_id, o.run_id, t.task_queue_id, t.scheduler_id, t.project_id,
         o.priority, o.retries_left, t.deadline, t.expires, o.state, o.current_run, o.reason_created, o.reason_resolved,
         o.scheduled, o.started, o.resolved, o.taken_until, o.worker_group, o.worker_id,
         case when o.current_run > 0 then
           (select jsonb_agg(to_jsonb(p) - 'task_id' order by p.run_id) from task_run_past p where p.task_id = o.task_id and p.run_id < o.current_run)
         end,
         case when octet_length(d.body) <= 16384 then d.body
              else json_build_object('routes', d.body::json -> 'routes', 'tags', d.body::json -> 'tags')::text end
  from (select * from outbox x where x.shard = shard_in order by x.id limit limit_in) o
  left join task t on t.task_id = o.task_id
  left join task_definition d on d.task_id = o.task_id
  order by o.id
$$;
