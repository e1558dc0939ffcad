-- github_build_add: write, github, since version 8
-- Adds the build of a leased delivery, in the transaction that creates its tasks, and marks the older pending builds of its subject and class
-- to be cancelled where cancels_in. Outcome: new; repeated (the delivery has its build); late (a newer event of the subject came
-- first); lost (another process has the delivery).
create or replace function github_build_add(
  task_group_id_in uuid, delivery_id_in text, attempt_in int, installation_in bigint, owner_in text, name_in text, sha_in text,
  before_sha_in text, event_time_in timestamptz, event_type_in text, pull_request_in bigint, subject_in text, cancel_class_in text,
  cancels_in boolean, by_checks_in boolean, routing_key_in text, cc_in text[], message_in text, trace_in text, now_in timestamptz
) returns text language plpgsql as $$
declare
  newest github_build;
  added bigint;
begin
  -- The delivery's row is the fence of an attempt that took longer than its lease.
  perform from github_delivery d
  where d.delivery_id = delivery_id_in and d.attempts = attempt_in and d.state = delivery_state_waiting() for no key update;
  if not found then
    return 'lost';
  end if;
  -- One at a time for each subject: what is newest is read here and changed below.
  perform pg_advisory_xact_lock(lock_github_subject(), hashtext(owner_in || '/' || name_in || ' ' || subject_in));
  if exists (select from github_build b where b.delivery_id = delivery_id_in) then
    return 'repeated';
  end if;
  select * into newest from github_build b
  where b.owner = owner_in and b.name = name_in and b.subject = subject_in and b.cancel_class is not distinct from cancel_class_in
  order by b.seq desc limit 1;
  -- Of a push, the newer one began where it ended, unless that one is what this one follows.
  if newest.event_time > event_time_in or (newest.before_sha = sha_in and newest.sha <> before_sha_in) then
    return 'late';
  end if;
  insert into github_build (task_group_id, delivery_id, installation, owner, name, sha, before_sha, event_time, event_type, pull_request,
                            subject, cancel_class, by_checks, state, created, updated)
  values (task_group_id_in, delivery_id_in, installation_in, owner_in, name_in, sha_in, before_sha_in, event_time_in, event_type_in,
          pull_request_in, subject_in, cancel_class_in, by_checks_in, build_state_pending(), now_in, now_in)
  returning seq into added;
  if cancels_in then
    update github_build b set state = build_state_cancelled(), cancel_due = true, updated = now_in
    where b.owner = owner_in and b.name = name_in and b.subject = subject_in and b.cancel_class = cancel_class_in and b.seq < added
      and b.state = build_state_pending();
  end if;
  perform emit_service_event('github', 'task-group-creation-requested', routing_key_in, cc_in, message_in, trace_in, now_in);
  return 'new';
end $$;
