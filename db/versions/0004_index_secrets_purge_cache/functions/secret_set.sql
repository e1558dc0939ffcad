-- secret_set: write, secrets, since version 4
-- Creates or replaces a secret.
create or replace function secret_set(name_in text, sealed_in jsonb, expires_in timestamptz, by_in text, now_in timestamptz)
returns void language plpgsql as $$
declare
  known boolean;
begin
  select true into known from secret s where s.name = name_in for update;
  insert into secret (name, sealed, expires) values (name_in, sealed_in, expires_in)
  on conflict (name) do update set sealed = excluded.sealed, expires = excluded.expires;
  insert into audit_history (entity_type, entity_id, client_id, action_type, created)
  values ('secret', name_in, by_in, case when known then 'updated' else 'created' end, now_in);
end $$;
