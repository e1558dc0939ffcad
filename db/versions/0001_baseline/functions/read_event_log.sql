-- read_event_log: read, relay, since version 1
-- Events of the log after a position, up to and with another, with their positions; of one task group, where one is named.
-- Columns as of read_outbox, without a trace: what belongs to a task is read from the task.
create or replace function read_event_log(after_in bigint, until_in bigint, task_group_id_in uuid, limit_in int) returns table (
  id bigint, kind smallint, at timestamptz, trace text, payload jsonb, task_group_id uuid, task_id uuid, run_id smallint,
  task_queue_id text, scheduler_id text, project_id text, priority smallint, retries_left smallint, deadline timestamptz,
  expires timestamptz, state smallint, current_run smallint, reason_created smallint, reason_resolved smallint,
  scheduled timestamptz, started timestamptz, resolved timestamptz, taken_until timestamptz, worker_group text,
  worker_id text, past jsonb, part text, log_position bigint
) language sql stable as $$
  select o.id, o.kind, o.at, null::text, o.payload, coalesce(t.task_group_id, o.subject), o.task_id, o.run_id, t.task_queue_id,
         t.scheduler_id, t.project_id, o.priority, o.retries_left, t.deadline, t.expires, o.state, o.current_run, o.reason_created,
         o.reason_resolved, o.scheduled, o.started, o.resolved, o.taken_until, o.worker_group, o.worker_id,
         case when o.current_run > 0 then
           (select jsonb_agg(to_jsonb(p) - 'task_id' order by p.run_id) from task_run_past p where p.task_id = o.task_id and p.run_id < o.current_run)
         end,
         case when octet_length(d.body) <= 16384 then d.body
              else json_build_object('routes', d.body::json -> 'routes', 'tags', d.body::json -> 'tags')::text end,
         o.log_position
  from (
    select e.*, l.last - cardinality(l.events) + e.i as log_position,
           case when e.state is not null then e.subject end as task_id
    from (select x.last, x.events from event_log x where x.last > after_in and x.last - cardinality(x.events) < until_in order by x.last) l
    cross join lateral unnest(l.events) with ordinality e(id, kind, at, subject, run_id, payload, priority, retries_left, state, current_run,
      reason_created, reason_resolved, scheduled, started, resolved, taken_until, worker_group, worker_id, i)
    where l.last - cardinality(l.events) + e.i > after_in and l.last - cardinality(l.events) + e.i <= until_in
      and (task_group_id_in is null or e.subject = task_group_id_in
           or e.subject in (select g.task_id from task g where g.task_group_id = task_group_id_in))
    order by l.last, e.i limit limit_in) o
  left join task t on t.task_id = o.task_id
  left join task_definition d on d.task_id = o.task_id
  order by o.log_position
$$;
