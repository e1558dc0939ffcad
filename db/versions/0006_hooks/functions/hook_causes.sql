-- hook_causes: read, hooks, since version 6
-- The latest fire since then that made one of these tasks, and how many fires, at most limit_in, led to it and were since then, itself
-- included; no row where none did.
create or replace function hook_causes(task_ids_in uuid[], since_in timestamptz, limit_in int)
returns table (fire_id bigint, fires int) language sql stable as $$
  with recursive c(fire_id, caused_by, n) as (
    (select f.fire_id, f.caused_by, 1 from hook_fire f
     where f.task_id = any(task_ids_in) and f.result = fire_result_success() and f.fired >= since_in order by f.fire_id desc limit 1)
    union all
    select f.fire_id, f.caused_by, c.n + 1 from c join hook_fire f on f.fire_id = c.caused_by where f.fired >= since_in and c.n < limit_in)
  select min(c.fire_id) filter (where c.n = 1), max(c.n) from c having count(*) > 0
$$;
