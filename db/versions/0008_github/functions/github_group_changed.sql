-- github_group_changed: write, github, since version 8
-- The state of a build, and its commit status where it has one, by the tasks that its group has now: failure as soon as one has failed,
-- success once all are completed. A build that was cancelled stays so until a task of it runs again.
create or replace function github_group_changed(task_group_id_in uuid, now_in timestamptz) returns void language plpgsql as $$
declare
  build github_build;
  state_now smallint;
begin
  -- The build's row is the lock: of two that look at the tasks, the later one writes last.
  select * into build from github_build b where b.task_group_id = task_group_id_in for no key update;
  if not found or build.cancel_due then
    return;
  end if;
  state_now := case
    when exists (select from task t where t.task_group_id = task_group_id_in and t.state in (task_state_failed(), task_state_exception()))
      then build_state_failure()
    when exists (select from task t where t.task_group_id = task_group_id_in and not is_resolved(t.state)) then build_state_pending()
    else build_state_success() end;
  if state_now = build.state or (build.state = build_state_cancelled() and state_now = build_state_failure()) then
    return;
  end if;
  update github_build b set state = state_now, updated = now_in where b.task_group_id = task_group_id_in;
  if not build.by_checks then
    update github_report r
    set content = jsonb_set(r.content::jsonb, '{state}', to_jsonb(case state_now
          when build_state_failure() then 'failure' when build_state_pending() then 'pending' else 'success' end))::text,
        version = r.version + 1, failed = false, attempts = 0, changed = now_in,
        next_attempt = case when r.sent < r.version and not r.failed then r.next_attempt else now_in end
    where r.kind = report_kind_status() and r.task_group_id = task_group_id_in;
  end if;
end $$;
