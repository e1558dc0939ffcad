-- github_cron_done: write, github, since version 11
-- Stores the jobs of a leased repository whose dates have come as deliveries, each once, and that it is done with dates up to until_in; false,
-- and nothing is written, where this attempt has the lease no more. A repository without the file is not watched any longer, unless it
-- was pushed to after pushed_in, when this attempt began.
create or replace function github_cron_done(
  repository_in text, attempt_in bigint, pushed_in timestamptz, until_in timestamptz, has_file_in boolean,
  delivery_ids_in text[], subjects_in text[], bodies_in text[], now_in timestamptz
) returns boolean language plpgsql as $$
begin
  update github_cron c
  set done_until = greatest(c.done_until, until_in), watched = has_file_in or c.pushed > pushed_in, leased_until = null, failures = 0, reason = null
  where c.repository = repository_in and c.attempt = attempt_in;
  if not found then
    return false;
  end if;
  insert into github_delivery (delivery_id, event, body, repository, subject, state, received, next_attempt)
  select d.delivery_id, 'cron', d.body, repository_in, d.subject, delivery_state_waiting(), now_in, now_in
  from unnest(delivery_ids_in, subjects_in, bodies_in) as d (delivery_id, subject, body)
  order by d.delivery_id
  on conflict do nothing;
  return true;
end $$;
