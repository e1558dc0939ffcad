-- github_take_deliveries: write, github, since version 8
-- Leases deliveries that are due, of each subject of a repository only the oldest: they are handled in order and one at a time. A lease
-- that ends unused, because its process is gone, lets the delivery be taken again.
create or replace function github_take_deliveries(
  page_size_in int, leased_until_in timestamptz, now_in timestamptz
) returns setof github_delivery language sql as $$
  update github_delivery d set leased_until = leased_until_in, attempts = d.attempts + 1
  where d.delivery_id = any(array(
    select x.delivery_id from github_delivery x
    where x.state = delivery_state_waiting() and x.next_attempt <= now_in and (x.leased_until is null or x.leased_until <= now_in)
      and not exists (
        select from github_delivery e
        where e.repository = x.repository and e.subject = x.subject and e.state = delivery_state_waiting() and e.seq < x.seq)
    order by x.next_attempt limit page_size_in for update skip locked))
  returning d.*
$$;
