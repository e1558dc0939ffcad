-- notify_expire: write, notify, since version 5
-- Deletes what ended thirty days ago, denials that have expired, and windows that are over: at most page_size_in of each kind;
-- how many of the most frequent kind.
create or replace function notify_expire(page_size_in int, now_in timestamptz) returns int language plpgsql as $$
declare
  most int;
  n int;
begin
  delete from notify_outbox t where t.ctid = any(array(
    select x.ctid from notify_outbox x where x.created < now_in - interval '30 days' and x.state <> notification_state_pending()
    limit page_size_in for update skip locked));
  get diagnostics most = row_count;
  delete from notify_denied t where t.ctid = any(array(
    select x.ctid from notify_denied x where x.expires < now_in limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  most := greatest(most, n);
  delete from notify_window t where t.ctid = any(array(
    select x.ctid from notify_window x where x.ends < now_in - interval '1 hour' limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  return greatest(most, n);
end $$;
