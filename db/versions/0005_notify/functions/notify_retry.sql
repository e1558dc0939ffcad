-- notify_retry: write, notify, since version 5
-- Puts a leased notification back until its next attempt; whether it still was leased by this attempt.
create or replace function notify_retry(
  id_in uuid, attempt_in int, next_attempt_in timestamptz, reason_in text, ambiguous_in boolean, now_in timestamptz
) returns boolean language plpgsql as $$
begin
  update notify_outbox x
  set next_attempt = greatest(next_attempt_in, now_in), leased_until = null, reason = reason_in, ambiguous = ambiguous_in
  where x.notification_id = id_in and x.attempts = attempt_in and x.state = notification_state_pending();
  return found;
end $$;
