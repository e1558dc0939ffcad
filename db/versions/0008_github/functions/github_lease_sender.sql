-- github_lease_sender: write, github, since version 8
-- Leases one installation that has something to be sent, is not paused and that no other process writes for; null where there is none.
create or replace function github_lease_sender(leased_until_in timestamptz, now_in timestamptz) returns bigint language plpgsql as $$
declare
  found_installation bigint;
  candidate bigint;
begin
  for candidate in
    select r.installation from github_report r
    where r.sent < r.version and not r.failed and r.next_attempt <= now_in
      and not exists (select from github_sender s
                      where s.installation = r.installation and (s.leased_until > now_in or s.paused_until > now_in))
    group by r.installation order by min(r.next_attempt)
  loop
    -- Of several processes that have come so far one writes the row, and the others find it leased.
    insert into github_sender as s (installation, leased_until) values (candidate, leased_until_in)
    on conflict (installation) do update set leased_until = excluded.leased_until
    where s.leased_until <= now_in and coalesce(s.paused_until <= now_in, true)
    returning s.installation into found_installation;
    if found_installation is not null then
      return found_installation;
    end if;
  end loop;
  return null;
end $$;
