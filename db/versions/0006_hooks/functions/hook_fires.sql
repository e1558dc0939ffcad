-- hook_fires: read, hooks, since version 6
-- Fires of a hook that made a task or should have, newest first, at most limit_in before the given one, with the state of
-- the task; null where it does not exist.
create or replace function hook_fires(hook_group_id_in text, hook_id_in text, before_in bigint, limit_in int)
returns table (fire_id bigint, fired_by smallint, fired timestamptz, scheduled_at timestamptz, task_id uuid, result smallint, error text, task_state smallint)
language sql stable as $$
  select f.fire_id, f.fired_by, f.fired, f.scheduled_at, f.task_id, f.result, f.error, t.state
  from hook_fire f left join task t on t.task_id = f.task_id and f.result = fire_result_success()
  where f.hook_group_id = hook_group_id_in and f.hook_id = hook_id_in and f.fire_id < coalesce(before_in, 9223372036854775807)
    and f.result in (fire_result_success(), fire_result_error())
  order by f.fire_id desc limit limit_in
$$;
