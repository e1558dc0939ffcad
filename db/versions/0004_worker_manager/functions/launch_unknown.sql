-- launch_unknown: write, provisioner, since version 4
-- No answer came: whether the launch was carried out is found out at retry_at_in or later. attempt_in: of the caller; whoever
-- took the launch after it decides.
create or replace function launch_unknown(launch_id_in uuid, attempt_in int, words_in text, retry_at_in timestamptz, now_in timestamptz)
returns void language sql as $$
  update launch l set state = launch_state_unknown(), leased_until = retry_at_in, result = words_in,
    since = case when l.state = launch_state_unknown() then l.since else now_in end
  where l.launch_id = launch_id_in and l.attempts = attempt_in and l.state in (launch_state_calling(), launch_state_unknown())
$$;
