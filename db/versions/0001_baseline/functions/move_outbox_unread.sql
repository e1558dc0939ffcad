-- move_outbox_unread: write, relay, since version 1
-- Moves the oldest events of a shard into the log unread, for when no queue is bound; how many.
create or replace function move_outbox_unread(shard_in smallint, limit_in int, now_in timestamptz) returns bigint language plpgsql as $$
declare
  moved logged_event[];
begin
  with g as (
    delete from outbox o
    where o.ctid = any(array(select x.ctid from outbox x where x.shard = shard_in order by x.id limit limit_in for update skip locked))
    returning o.*)
  select array_agg(row(g.id, g.kind, g.at, coalesce(g.task_id, g.task_group_id), g.run_id, g.payload, g.priority, g.retries_left, g.state, g.current_run,
        g.reason_created, g.reason_resolved, g.scheduled, g.started, g.resolved, g.taken_until, g.worker_group, g.worker_id)::logged_event order by g.id)
  into moved from g;
  perform log_events(moved, now_in);
  return coalesce(cardinality(moved), 0);
end $$;
