-- provision_breakers: read, provisioner, since version 4
-- Circuit breakers by scope and key. Those that nothing happened to have no row.
create or replace function provision_breakers(scopes_in text[], keys_in text[])
returns table (scope text, key text, state jsonb, reason text, last_modified timestamptz) language sql stable as $$
  select b.scope, b.key, b.state, b.reason, b.last_modified
  from circuit_breaker b join (select distinct u.scope, u.key from unnest(scopes_in, keys_in) u(scope, key)) w using (scope, key)
$$;
