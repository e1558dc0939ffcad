-- launch_later: write, provisioner, since version 4
-- The launch was not carried out, and is to be tried again at retry_at_in or later: the provider asked for fewer calls.
create or replace function launch_later(launch_id_in uuid, attempt_in int, words_in text, retry_at_in timestamptz, now_in timestamptz)
returns void language sql as $$
  update launch l set state = launch_state_planned(), since = now_in, leased_until = retry_at_in, result = words_in
  where l.launch_id = launch_id_in and l.attempts = attempt_in and l.state in (launch_state_calling(), launch_state_unknown())
$$;
