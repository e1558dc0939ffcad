-- fire_hook: write, hooks, since version 6
-- Carries out one fire of a hook, whole or not at all: its row, its task where result_in is success, and the next date where it
-- is of the schedule. Outcome: fired; repeated (the cause has had its fire, whose result, task and error are given); missing (no
-- such hook); outdated (the definition has changed, so it must be rendered again); moved (the date is not due any more);
-- refused (create_tasks refused the task: nothing was written, and created and detail say why).
create or replace function fire_hook(
  hook_group_id_in text, hook_id_in text, generation_in bigint, fire_key_in text, fired_by_in smallint, result_in smallint, error_in text,
  task_id_in uuid, task_group_id_in uuid, task_queue_id_in text, scheduler_id_in text, project_id_in text, priority_in smallint,
  retries_in smallint, requires_in smallint, deadline_in timestamptz, expires_in timestamptz, body_in text, dependencies_in uuid[],
  has_routes_in boolean, scheduled_at_in timestamptz, next_scheduled_at_in timestamptz, next_task_id_in jsonb,
  caused_by_in bigint, fire_expires_in timestamptz, trace_in text, now_in timestamptz
) returns table (outcome text, task_id uuid, result smallint, error text, created smallint, detail text, ready boolean) language plpgsql as $$
declare
  stored hook;
  earlier hook_fire;
  made record;
  is_ready boolean := false;
begin
  -- The hook's row is the lock: fires of one hook, its changes and its end come one after the other.
  select * into stored from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in for no key update;
  if not found then
    return query select 'missing', null::uuid, null::smallint, null, null::smallint, null, false;
    return;
  end if;
  if fire_key_in is not null then
    select * into earlier from hook_fire f
    where f.hook_group_id = hook_group_id_in and f.hook_id = hook_id_in and f.fire_key = fire_key_in;
    if found then
      -- After a clock was set back a date may come due again.
      update hook h set next_scheduled_at = next_scheduled_at_in, next_task_id = next_task_id_in, leased_until = null, attempts = 0
      where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in
        and fired_by_in = fired_by_schedule() and h.generation = generation_in and h.next_scheduled_at = scheduled_at_in;
      return query select 'repeated', earlier.task_id, earlier.result, earlier.error, null::smallint, null, false;
      return;
    end if;
  end if;
  if stored.generation <> generation_in then
    return query select 'outdated', null::uuid, null::smallint, null, null::smallint, null, false;
    return;
  end if;
  if fired_by_in = fired_by_schedule() and (stored.paused or stored.next_scheduled_at is distinct from scheduled_at_in) then
    return query select 'moved', null::uuid, null::smallint, null, null::smallint, null, false;
    return;
  end if;

  if result_in = fire_result_success() then
    select t.* into made from create_tasks(
      array[task_id_in], array[task_group_id_in], array[task_queue_id_in], array[scheduler_id_in], array[project_id_in],
      array[priority_in], array[retries_in], array[requires_in], array[deadline_in], array[expires_in], array[body_in],
      dependencies_in, array_fill(1, array[cardinality(dependencies_in)]), '{}', '{}', array[trace_in],
      -- Its row is written now and then only: it would be a lock that all hooks of the queue wait for.
      case when not exists (select from task_queue q where q.task_queue_id = task_queue_id_in and q.expires > now_in + interval '4 days')
        then array[task_queue_id_in] end,
      array[has_routes_in], now_in) t;
    if made.outcome not in (created_new(), created_same()) then
      return query select 'refused', task_id_in, null::smallint, null, made.outcome, made.detail, false;
      return;
    end if;
    is_ready := made.ready;
  end if;
  insert into hook_fire (hook_group_id, hook_id, fire_key, fired_by, fired, scheduled_at, task_id, result, error, caused_by, expires)
  values (hook_group_id_in, hook_id_in, fire_key_in, fired_by_in, now_in, scheduled_at_in, task_id_in, result_in, error_in, caused_by_in, fire_expires_in);
  if fired_by_in = fired_by_schedule() then
    update hook h set next_scheduled_at = next_scheduled_at_in, next_task_id = next_task_id_in, leased_until = null, attempts = 0
    where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in;
  end if;
  return query select 'fired', task_id_in, result_in, error_in, null::smallint, null, is_ready;
end $$;
