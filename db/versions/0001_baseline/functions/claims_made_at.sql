-- claims_made_at: read, queue, since version 1
-- After a claim_work whose response was lost: what it gave to these claimers, if it took effect. Recognized by its time.
create or replace function claims_made_at(
  queue_ids_in text[], claimer_queues_in int[], worker_groups_in text[], worker_ids_in text[], claimed_in timestamptz
) returns setof task_result language plpgsql stable as $$
declare
  ids uuid[];
  claimers int[];
begin
  select array_agg(t.task_id), array_agg(w.k::int) into ids, claimers
  from claim c join task t on t.task_id = c.task_id and t.run_id = c.run_id and t.state = task_state_running() and t.started = claimed_in
  join (select min(u.k) as k, u.q, u.g, u.w from unnest(claimer_queues_in, worker_groups_in, worker_ids_in) with ordinality u(q, g, w, k)
        group by u.q, u.g, u.w) w
    on queue_ids_in[w.q] = c.task_queue_id and w.g = t.worker_group and w.w = t.worker_id
  where c.claimed = claimed_in;
  return query select * from task_results(claimers, array_fill(outcome_done(), array[coalesce(cardinality(ids), 0)]), ids, true);
end $$;
