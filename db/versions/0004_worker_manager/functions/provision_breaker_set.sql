-- provision_breaker_set: write, provisioner, since version 4
-- Stores a circuit breaker after provision_breaker_lock, in the same transaction.
create or replace function provision_breaker_set(scope_in text, key_in text, state_in jsonb, reason_in text, now_in timestamptz)
returns void language sql as $$
  insert into circuit_breaker as b (scope, key, state, reason, last_modified) values (scope_in, key_in, state_in, reason_in, now_in)
  on conflict (scope, key) do update set state = excluded.state, reason = coalesce(excluded.reason, b.reason), last_modified = excluded.last_modified
$$;
