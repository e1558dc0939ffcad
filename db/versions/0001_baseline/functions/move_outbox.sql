-- move_outbox: write, relay, since version 1
-- Moves events that were sent into the log.
create or replace function move_outbox(ids_in bigint[], now_in timestamptz) returns void language plpgsql as $$
declare
  moved logged_event[];
begin
  with g as (delete from outbox o where o.id = any(ids_in) returning o.*)
  select array_agg(row(g.id, g.kind, g.at, coalesce(g.task_id, g.task_group_id), g.run_id, g.payload, g.priority, g.retries_left, g.state, g.current_run,
        g.reason_created, g.reason_resolved, g.scheduled, g.started, g.resolved, g.taken_until, g.worker_group, g.worker_id)::logged_event order by g.id)
  into moved from g;
  perform log_events(moved, now_in);
end $$;
