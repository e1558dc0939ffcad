-- github_finish_delivery: write, github, since version 8
-- Ends a leased delivery; whether it still was leased by this attempt. One that failed keeps its body, for whoever looks why.
create or replace function github_finish_delivery(
  delivery_id_in text, attempt_in int, state_in smallint, reason_in text, now_in timestamptz
) returns boolean language plpgsql as $$
begin
  update github_delivery d
  set state = state_in, reason = reason_in, finished = now_in, leased_until = null, next_attempt = null,
      body = case when state_in = delivery_state_failed() then d.body else '' end
  where d.delivery_id = delivery_id_in and d.attempts = attempt_in and d.state = delivery_state_waiting();
  return found;
end $$;
