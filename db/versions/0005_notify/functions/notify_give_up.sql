-- notify_give_up: write, notify, since version 5
-- Fails what could not be delivered for a day, with the last answer as the reason, at most page_size_in; how many.
create or replace function notify_give_up(page_size_in int, now_in timestamptz) returns int language plpgsql as $$
declare
  n int;
begin
  update notify_outbox o
  set state = notification_state_failed(), finished = now_in, leased_until = null, next_attempt = null,
      reason = 'given up after a day' || coalesce('; the last answer was: ' || o.reason, ': it was never tried')
  where o.ctid = any(array(
    select x.ctid from notify_outbox x
    where x.state = notification_state_pending() and x.created < now_in - interval '1 day'
      and (x.leased_until is null or x.leased_until <= now_in)
    limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  return n;
end $$;
