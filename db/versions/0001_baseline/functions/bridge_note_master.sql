-- bridge_note_master: write, bridge, since version 1
-- Records the state of a master: up, down or refused, and why. `since` is when the state last changed.
create or replace function bridge_note_master(master_in text, state_in text, error_in text, now_in timestamptz)
returns void language sql as $$
  insert into bridge_master as m (master, state, since, last_ok, error)
  values (master_in, state_in, now_in, case when state_in = 'up' then now_in end, error_in)
  on conflict (master) do update set
    since = case when m.state = excluded.state then m.since else excluded.since end,
    state = excluded.state, last_ok = coalesce(excluded.last_ok, m.last_ok), error = excluded.error
$$;
