-- end_relay: write, relay, since version 1
-- Takes the lock of a shard from a relay that has done nothing since a time, by ending its connection. False: it has done
-- something since.
create or replace function end_relay(shard_in smallint, pid_in int, since_in timestamptz) returns boolean language plpgsql as $$
begin
  return coalesce((select bool_or(pg_terminate_backend(h.pid)) from relay_holder(shard_in) h where h.pid = pid_in and h.since = since_in), false);
end $$;
