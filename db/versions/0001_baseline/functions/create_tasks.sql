-- create_tasks: write, queue, since version 1
-- Creates many tasks in one transaction. One row per task, in order, with an outcome of `created_...`; detail names the other
-- scheduler or the dependencies at fault. A refused task leaves nothing behind and does not disturb its neighbours.
-- Dependencies on tasks outside the call come as (required, index of the dependent); those within the call likewise in
-- inner_*. traces_in, new_queues_in may be null. has_routes_in: whether the task has routes.
create or replace function create_tasks(
  task_ids_in uuid[], task_group_ids_in uuid[], task_queue_ids_in text[], scheduler_ids_in text[], project_ids_in text[],
  priorities_in smallint[], retries_in smallint[], requires_in smallint[], deadlines_in timestamptz[],
  expires_in timestamptz[], bodies_in text[], required_in uuid[], dependents_in int[],
  inner_required_in uuid[], inner_dependents_in int[], traces_in text[], new_queues_in text[],
  has_routes_in boolean[], now_in timestamptz
) returns table (outcome smallint, detail text, ready boolean) language plpgsql as $$
declare
  -- The last time that RFC 3339 can express. A group of tasks that never expire must not outlive it.
  latest constant timestamptz := '9999-12-31 23:59:59.999+00';
  outcomes smallint[] := array_fill(created_new(), array[cardinality(task_ids_in)]);
  details text[] := array_fill(null::text, array[cardinality(task_ids_in)]);
  unsatisfied int[] := array_fill(0, array[cardinality(task_ids_in)]);
  fresh uuid[];
  refused int := 0;
  r record;
begin
  -- Shared, so that creations run side by side: only seal_task_group takes it alone. In the order of the hashes, so that
  -- two calls that share groups cannot deadlock with a seal between them.
  perform pg_advisory_xact_lock_shared(lock_task_group(), k.h)
  from (select distinct hashtext(g::text) h from unnest(task_group_ids_in) g order by 1) k;

  insert into task_group (task_group_id, scheduler_id, expires)
  select u.g, (array_agg(u.s order by u.i))[1], least(max(u.e) + interval '1 hour', latest)
  from unnest(task_group_ids_in, scheduler_ids_in, expires_in) with ordinality u(g, s, e, i) group by u.g order by u.g
  on conflict do nothing;
  update task_group tg set expires = least(m.e + interval '1 hour', latest)
  from (select u.g, max(u.e) e from unnest(task_group_ids_in, expires_in) u(g, e) group by u.g) m
  where tg.task_group_id = m.g and tg.expires < m.e;

  for r in
    select u.i, tg.sealed, tg.scheduler_id
    from unnest(task_group_ids_in, scheduler_ids_in) with ordinality u(g, s, i)
    join task_group tg on tg.task_group_id = u.g
    where tg.sealed is not null or tg.scheduler_id <> u.s
  loop
    outcomes[r.i] := case when r.scheduler_id <> scheduler_ids_in[r.i] then created_other_scheduler() else created_group_sealed() end;
    details[r.i] := r.scheduler_id;
    refused := refused + 1;
  end loop;

  if cardinality(required_in) > 0 then
    -- In the order of the ids. From here on no required task can be resolved until this transaction ends, so each either
    -- counts as satisfied now, or releases the dependents that are inserted here.
    perform 1 from task t where t.task_id = any(required_in) order by t.task_id for share;
    for r in
      select e.i, string_agg(e.required::text, ' ') filter (where p.task_id is null) as missing,
             string_agg(e.required::text, ' ') filter (where p.expires < deadlines_in[e.i]) as expiring
      from unnest(required_in, dependents_in) e(required, i)
      left join task p on p.task_id = e.required
      where (p.task_id is null or p.expires < deadlines_in[e.i]) and outcomes[e.i] = created_new()
        and not exists (select 1 from task_definition d where d.task_id = task_ids_in[e.i])
      group by e.i
    loop
      outcomes[r.i] := case when r.missing is not null then created_missing_dependencies() else created_expiring_dependencies() end;
      details[r.i] := coalesce(r.missing, r.expiring);
      refused := refused + 1;
    end loop;
  end if;

  with i as (
    insert into task_definition (task_id, priority, body)
    select u.t, u.p, u.b from unnest(task_ids_in, priorities_in, bodies_in, outcomes) u(t, p, b, o)
    where u.o = created_new()
    on conflict do nothing returning task_definition.task_id)
  select array_agg(i.task_id) into fresh from i;

  if coalesce(cardinality(fresh), 0) + refused < cardinality(task_ids_in) then
    for r in
      select u.i, d.body = u.b and t.priority = u.p as same
      from unnest(task_ids_in, priorities_in, bodies_in, outcomes) with ordinality u(t, p, b, o, i)
      join task_definition d on d.task_id = u.t join task t on t.task_id = u.t
      where u.o = created_new() and u.t <> all(coalesce(fresh, '{}'))
    loop
      outcomes[r.i] := case when r.same then created_same() else created_other_definition() end;
      refused := refused + 1;
    end loop;
  end if;

  if cardinality(required_in) > 0 then
    for r in
      with e as (
        select e.required, e.i, requires_in[e.i] as requires,
               p.state = task_state_completed()
                 or (requires_in[e.i] = requires_all_resolved() and is_resolved(p.state)) as satisfied, greatest(p.run_id, 0::smallint) as run_id
        from unnest(required_in, dependents_in) e(required, i) join task p on p.task_id = e.required
        where outcomes[e.i] = created_new()),
      w as (
        insert into task_dependency (required, dependent, effective_from_run, requires)
        select e.required, task_ids_in[e.i], case when e.satisfied then satisfied_at_creation() else e.run_id end, e.requires from e
        on conflict do nothing)
      select e.i, count(*) filter (where not e.satisfied) as n from e group by e.i
    loop
      unsatisfied[r.i] := r.n;
    end loop;
  end if;
  if cardinality(inner_required_in) > 0 then
    insert into task_dependency (required, dependent, effective_from_run, requires)
    select e.required, task_ids_in[e.i], 0, requires_in[e.i]
    from unnest(inner_required_in, inner_dependents_in) e(required, i) where outcomes[e.i] = created_new()
    on conflict do nothing;
    for r in select i, count(*) as n from unnest(inner_dependents_in) i group by i loop
      unsatisfied[r.i] := unsatisfied[r.i] + r.n;
    end loop;
  end if;

  with t as (
    insert into task (task_id, task_group_id, task_queue_id, scheduler_id, project_id, priority, retries, retries_left,
                      deadline, expires, unsatisfied_dependencies, has_routes, state, run_id, reason_created, scheduled, pending_seq)
    select u.t, u.g, u.q, u.s, u.p, u.prio, u.retries, u.retries, u.deadline, u.expires, u.n, u.has_routes,
           case when u.n = 0 then task_state_pending() else task_state_unscheduled() end, case when u.n = 0 then 0 else no_run() end,
           case when u.n = 0 then reason_created_scheduled() end, case when u.n = 0 then now_in end, case when u.n = 0 then nextval('pending_seq') end
    from unnest(task_ids_in, task_group_ids_in, task_queue_ids_in, scheduler_ids_in, project_ids_in, priorities_in,
                retries_in, deadlines_in, expires_in, unsatisfied, has_routes_in, outcomes)
         u(t, g, q, s, p, prio, retries, deadline, expires, n, has_routes, o)
    where u.o = created_new()
    returning task.task_queue_id, task.priority, task.pending_seq, task.task_id, task.deadline)
  insert into pending (task_queue_id, priority, seq, task_id, run_id, inserted, deadline)
  select t.task_queue_id, t.priority, t.pending_seq, t.task_id, 0, now_in, t.deadline from t where t.pending_seq is not null;

  insert into outbox (kind, at, task_group_id, task_id, run_id, trace, has_routes, priority, retries_left, state, current_run, reason_created, scheduled)
  select k.kind, now_in, u.g, u.t, k.run_id, traces_in[u.i], u.has_routes, u.prio, u.retries, k.state, coalesce(k.run_id, no_run()),
         case when k.run_id = 0 then reason_created_scheduled() end, case when k.run_id = 0 then now_in end
  from unnest(task_ids_in, task_group_ids_in, priorities_in, retries_in, unsatisfied, has_routes_in, outcomes) with ordinality u(t, g, prio, retries, n, has_routes, o, i)
  cross join (values (event_task_defined(), null::smallint, task_state_unscheduled()),
                     (event_task_pending(), 0::smallint, task_state_pending())) k(kind, run_id, state)
  where u.o = created_new() and (k.run_id is null or u.n = 0) order by k.kind, u.i;

  if new_queues_in is not null then
    insert into task_queue as q (task_queue_id, last_date_active, expires)
    select n, now_in, now_in + interval '5 days' from unnest(new_queues_in) n order by n
    on conflict (task_queue_id) do update set expires = greatest(q.expires, excluded.expires);
  end if;
  if refused > 0 then
    delete from task_group tg using unnest(task_group_ids_in, outcomes) u(g, o)
    where u.o not in (created_new(), created_same(), created_other_definition()) and tg.task_group_id = u.g and not exists (select 1 from task t where t.task_group_id = u.g);
  end if;

  return query select u.o, u.d, u.n = 0 from unnest(outcomes, details, unsatisfied) u(o, d, n);
end $$;
