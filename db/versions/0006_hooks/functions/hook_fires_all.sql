-- hook_fires_all: read, hooks, since version 6
-- Fires of a hook, those without a task included, newest first, at most limit_in of those that were until then.
create or replace function hook_fires_all(hook_group_id_in text, hook_id_in text, until_in timestamptz, limit_in int)
returns table (fire_id bigint, fired_by smallint, fired timestamptz, scheduled_at timestamptz, task_id uuid, result smallint, error text, task_state smallint)
language sql stable as $$
  select f.fire_id, f.fired_by, f.fired, f.scheduled_at, f.task_id, f.result, f.error, t.state
  from hook_fire f left join task t on t.task_id = f.task_id and f.result = fire_result_success()
  where f.hook_group_id = hook_group_id_in and f.hook_id = hook_id_in
    and (until_in is null or least(f.fired, f.scheduled_at) <= until_in)
  order by f.fire_id desc limit limit_in
$$;
