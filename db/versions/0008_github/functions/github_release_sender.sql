-- github_release_sender: write, github, since version 8
-- Ends a lease that leased_until_in tells from others. paused_until_in: nothing is sent for the installation until then, and why.
create or replace function github_release_sender(
  installation_in bigint, leased_until_in timestamptz, paused_until_in timestamptz, reason_in text, now_in timestamptz
) returns void language sql as $$
  update github_sender s set leased_until = now_in, paused_until = paused_until_in, reason = reason_in
  where s.installation = installation_in and s.leased_until = leased_until_in
$$;
