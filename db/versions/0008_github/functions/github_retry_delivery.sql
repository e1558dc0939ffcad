-- github_retry_delivery: write, github, since version 8
-- Lets a leased delivery be tried again then; whether it still was leased by this attempt.
create or replace function github_retry_delivery(
  delivery_id_in text, attempt_in int, next_attempt_in timestamptz, reason_in text
) returns boolean language plpgsql as $$
begin
  update github_delivery d set next_attempt = next_attempt_in, leased_until = null, reason = reason_in
  where d.delivery_id = delivery_id_in and d.attempts = attempt_in and d.state = delivery_state_waiting();
  return found;
end $$;
