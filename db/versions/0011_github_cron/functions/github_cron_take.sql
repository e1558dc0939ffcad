-- github_cron_take: write, github, since version 11
-- Leases watched repositories that are not done with the jobs of this date. A lease that ends unused, because its process is gone, lets the
-- repository be taken again.
create or replace function github_cron_take(
  date_in timestamptz, page_size_in int, leased_until_in timestamptz, now_in timestamptz
) returns setof github_cron language sql as $$
  update github_cron c set leased_until = leased_until_in, attempt = c.attempt + 1
  where c.repository = any(array(
    select x.repository from github_cron x
    where x.watched and x.done_until < date_in and (x.leased_until is null or x.leased_until <= now_in)
    order by x.done_until limit page_size_in for update skip locked))
  returning c.*
$$;
