-- bridge_save: write, bridge, since version 1
-- Writes a request back after a check, unless somebody has changed it since it was read: then nothing is written and the
-- result is null. A notification since then makes it due at once. A number that an earlier request has as well means that the
-- master's numbers have restarted, so this is another epoch. The new version.
create or replace function bridge_save(row_in jsonb, now_in timestamptz)
returns bigint language plpgsql as $$
declare
  r bridge_request := jsonb_populate_record(null::bridge_request, row_in);
  twin bridge_request;
  answer bigint;
begin
  -- As in bridge_add_pending: both may write the record of the same run.
  perform pg_advisory_xact_lock(hashtextextended('bridge/' || r.task_id, 0));
  if r.request_id is not null then
    if exists (select 1 from bridge_request b where b.id = r.id and b.request_id is null) then
      r.epoch := coalesce((select m.epoch from bridge_master m where m.master = r.master), 0);
    end if;
    select * into twin from bridge_request b
    where b.master = r.master and b.epoch = r.epoch and b.request_id = r.request_id and b.id <> r.id;
    if found then
      r.epoch := bridge_new_epoch(r.master, r.epoch, now_in);
    end if;
  end if;
  update bridge_request b set epoch = r.epoch, run_id = r.run_id, state = r.state, intent = r.intent, builder = r.builder,
    attempts = r.attempts, last_attempt = r.last_attempt, buildset_id = r.buildset_id, request_id = r.request_id, submitted = r.submitted,
    claimed_since = r.claimed_since, last_build = r.last_build, build_id = r.build_id, build_number = r.build_number,
    result = r.result, ended = r.ended, taken_until = r.taken_until, reclaim_at = r.reclaim_at, cancel_requested = r.cancel_requested,
    cancel_attempted = r.cancel_attempted, error = r.error, version = b.version + 1, updated = now_in,
    next_check = case when b.notifications > r.notifications then now_in else r.next_check end
  where b.id = r.id and b.version = r.version returning b.version into answer;
  if found then
    insert into bridge_run as u (task_id, run_id, request, build_id) values (r.task_id, r.run_id, r.id, r.build_id)
    on conflict (task_id, run_id) do update set build_id = coalesce(excluded.build_id, u.build_id);
  end if;
  return answer;
end $$;
