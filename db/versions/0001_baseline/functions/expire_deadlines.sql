-- expire_deadlines: write, queue, since version 1
-- Ends unresolved tasks whose deadline lies at or before until_in, at most so many. Rows as from expire_claims. A mark says
-- how far an earlier call came; the ten minutes before it are examined again, for rows that were locked then.
create or replace function expire_deadlines(until_in timestamptz, page_size_in int, now_in timestamptz)
returns table (task_queue_id text, count bigint) language plpgsql as $$
declare
  done_until timestamptz := coalesce((select m.mark from sweep_mark m where m.name = 'deadline'), '-infinity');
  ids uuid[];
  n int;
begin
  ids := array(
    select t.task_id from task t
    where t.deadline > done_until - interval '10 minutes' and t.deadline <= until_in and not is_resolved(t.state)
    order by t.deadline limit page_size_in for update skip locked);
  n := cardinality(ids);
  task_queue_id := null; count := n;
  return next;
  if n > 0 then
    return query select * from end_runs(ids, array_fill(task_state_exception(), array[n]), array_fill(reason_resolved_deadline_exceeded(), array[n]), null, now_in);
  end if;
  if n < page_size_in and until_in > done_until + interval '1 minute' then
    insert into sweep_mark as m (name, mark) values ('deadline', until_in)
    on conflict (name) do update set mark = greatest(m.mark, excluded.mark);
  end if;
end $$;
