-- provision_breaker_lock: write, provisioner, since version 4
-- A circuit breaker, which nobody else changes before the transaction ends; null: nothing happened to it yet.
create or replace function provision_breaker_lock(scope_in text, key_in text) returns jsonb language plpgsql as $$
begin
  -- There may be no row to lock.
  perform pg_advisory_xact_lock(hashtextextended('breaker/' || scope_in || '/' || key_in, 0));
  return (select b.state from circuit_breaker b where b.scope = scope_in and b.key = key_in);
end $$;
