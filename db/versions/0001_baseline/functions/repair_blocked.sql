-- repair_blocked: write, queue, since version 1
-- Examines a page of tasks that wait for dependencies, after the given one, and counts the dependencies anew. A task whose
-- counter is too high is repaired, and starts if nothing is left. One row per repair, and last, without a problem, the task up
-- to which it came; without that row there are no more. None should ever be found.
create or replace function repair_blocked(after_in uuid, page_size_in int, now_in timestamptz)
returns table (task_id uuid, problem text, task_queue_id text) language plpgsql as $$
#variable_conflict use_column
declare
  candidates uuid[];
  blocked uuid[];
  t task;
  left_over int;
begin
  candidates := array(
    select x.task_id from task x where x.state = task_state_unscheduled() and x.unsatisfied_dependencies > 0 and x.deadline > now_in and x.task_id > after_in
    order by x.task_id limit page_size_in);
  blocked := array(
    select x.task_id from task x where x.task_id = any(candidates) and x.unsatisfied_dependencies > dependencies_left(x.task_id) order by x.task_id);
  for t in select x.* from task x where x.task_id = any(blocked) order by x.task_id for update skip locked loop
    -- Counted again under the lock: whoever resolves a dependency now waits for it.
    left_over := dependencies_left(t.task_id);
    if t.state = task_state_unscheduled() and t.unsatisfied_dependencies > left_over then
      update task x set unsatisfied_dependencies = left_over where x.task_id = t.task_id;
      task_id := t.task_id; task_queue_id := t.task_queue_id;
      problem := 'blocked by a dependency that was resolved';
      if left_over = 0 then
        perform start_run(t.task_id, reason_created_scheduled(), t.retries_left, null, now_in);
      end if;
      return next;
    end if;
  end loop;
  if cardinality(candidates) = page_size_in then
    task_id := candidates[page_size_in]; task_queue_id := ''; problem := null;
    return next;
  end if;
end $$;
