-- claim_work: write, queue, since version 1
-- Serves waiting claimers. queue_ids_in: the different queues; claimer k asks queue claimer_queues_in[k] as a worker; slots_in
-- names a claimer for each task asked for, in the order in which tasks are to be dealt out. The claimer is the place of a
-- row. Outcome: done (a claimed task with its body), too_late (the worker is quarantined). touch_in: record the worker as
-- seen though it may get nothing, and how much it asked for; the tasks are recorded later, by note_workers.
create or replace function claim_work(
  queue_ids_in text[], claimer_queues_in int[], worker_groups_in text[], worker_ids_in text[], touch_in boolean[], slots_in int[],
  traces_in text[], taken_until_in timestamptz, now_in timestamptz
) returns setof task_result language plpgsql as $$
declare
  quarantined int[];
  slots int[];
  claimed uuid[]; claimers int[];
  all_claimed uuid[] := '{}'; all_claimers int[] := '{}';
  answer task_result;
begin
  if true = any(touch_in) then
    -- In the order of the keys: several processes write the same workers at once.
    insert into worker as w (task_queue_id, worker_group, worker_id, first_claim, last_date_active, expires, capacity)
    select queue_ids_in[u.q], u.g, u.w, now_in, now_in, now_in + interval '1 day', max((select count(*) from unnest(slots_in) s where s = u.k))
    from unnest(claimer_queues_in, worker_groups_in, worker_ids_in, touch_in) with ordinality u(q, g, w, touch, k)
    where u.touch group by 1, 2, 3 order by 1, 2, 3
    on conflict (task_queue_id, worker_group, worker_id) do update
      set last_date_active = excluded.last_date_active, expires = greatest(w.expires, excluded.expires),
          capacity = greatest(w.capacity, excluded.capacity);
    insert into task_queue as q (task_queue_id, last_date_active, expires)
    select distinct queue_ids_in[u.q], now_in, now_in + interval '1 day'
    from unnest(claimer_queues_in, touch_in) u(q, touch) where u.touch order by 1
    on conflict (task_queue_id) do update
      set last_date_active = excluded.last_date_active, expires = greatest(q.expires, excluded.expires);
  end if;

  quarantined := array(
    select u.k::int from unnest(claimer_queues_in, worker_groups_in, worker_ids_in) with ordinality u(q, g, w, k)
    join worker w on w.task_queue_id = queue_ids_in[u.q] and w.worker_group = u.g and w.worker_id = u.w
    where w.quarantine_until > now_in);
  answer.outcome := outcome_too_late();
  foreach answer.place in array quarantined loop
    return next answer;
  end loop;

  for q in 1 .. cardinality(queue_ids_in) loop
    slots := array(
      select s.k from unnest(slots_in) with ordinality s(k, i)
      where claimer_queues_in[s.k] = q and s.k <> all(quarantined) order by s.i);
    -- One statement, so that what it locks is as short as can be. Rows that another claim holds are skipped, not waited
    -- for; the order is that of the index pending_order, which the limit ends early. The task is updated only if the
    -- run is still the pending one: its row may have been resolved since, and then its pending row is just gone.
    with c as (
      delete from pending p where p.ctid = any(array(
        select x.ctid from pending x where x.task_queue_id = queue_ids_in[q] and x.deadline > now_in
        order by x.priority desc, x.seq limit cardinality(slots) for update skip locked))
      returning p.task_id, p.run_id, p.priority, p.seq),
    n as (select c.task_id, c.run_id, row_number() over (order by c.priority desc, c.seq) as i from c),
    u as (
      update task t set state = task_state_running(), started = now_in, taken_until = taken_until_in, pending_seq = null,
        worker_group = worker_groups_in[slots[n.i]], worker_id = worker_ids_in[slots[n.i]]
      from n where t.task_id = n.task_id and t.state = task_state_pending() and t.run_id = n.run_id
      returning n.i, t.task_group_id, t.task_id, t.run_id, t.has_routes, t.priority, t.retries_left, t.state, t.reason_created, t.reason_resolved,
                t.scheduled, t.started, t.resolved, t.taken_until, t.worker_group, t.worker_id),
    o as (
      insert into outbox (kind, at, task_group_id, task_id, run_id, trace, has_routes, priority, retries_left, state, current_run,
                          reason_created, reason_resolved, scheduled, started, resolved, taken_until, worker_group, worker_id)
      select event_task_running(), now_in, u.task_group_id, u.task_id, u.run_id, traces_in[slots[u.i]], u.has_routes, u.priority, u.retries_left, u.state, u.run_id,
             u.reason_created, u.reason_resolved, u.scheduled, u.started, u.resolved, u.taken_until, u.worker_group, u.worker_id
      from u),
    k as (
      insert into claim (task_id, run_id, taken_until, claimed, task_queue_id)
      select u.task_id, u.run_id, taken_until_in, now_in, queue_ids_in[q] from u)
    select array_agg(u.task_id order by u.i), array_agg(slots[u.i] order by u.i) into claimed, claimers from u;
    if claimed is not null then
      all_claimed := all_claimed || claimed; all_claimers := all_claimers || claimers;
    end if;
  end loop;
  if all_claimed = '{}' then
    return;
  end if;

  return query select * from task_results(all_claimers, array_fill(outcome_done(), array[cardinality(all_claimed)]), all_claimed, true);
end $$;
