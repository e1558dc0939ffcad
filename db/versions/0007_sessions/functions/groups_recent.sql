-- groups_recent: read, queue, since version 7
-- The groups that expire last, which are the newest ones where tasks are kept equally long: with the definition of the group's
-- own task, or else of its first one, and how many of its first 50,000 tasks are in which state.
create or replace function groups_recent(page_size_in int)
returns table (task_group_id uuid, scheduler_id text, expires timestamptz, sealed timestamptz, states smallint[], counts bigint[], body text)
language sql stable as $$
  select g.task_group_id, g.scheduler_id, g.expires, g.sealed, c.states, c.counts, coalesce(own.body, first.body)
  from (select * from task_group x order by x.expires desc limit page_size_in) g
  cross join lateral (
    select array_agg(s.state) as states, array_agg(s.n) as counts
    from (select t.state, count(*) as n
          from (select u.state from task u where u.task_group_id = g.task_group_id order by u.task_id limit 50000) t group by t.state) s) c
  left join task_definition own on own.task_id = g.task_group_id
  left join lateral (
    select d.body from task t join task_definition d on d.task_id = t.task_id
    where t.task_group_id = g.task_group_id and own.body is null order by t.task_id limit 1) first on true
  order by g.expires desc, g.task_group_id
$$;
