-- secret_set: write, secrets, since version 1
-- Creates or replaces a secret.
create or replace function secret_set(name_in text, sealed_in jsonb, expires_in timestamptz, by_in text, now_in timestamptz)
returns void language plpgsql as $$
declare
  fresh boolean;
begin
  -- One statement, so that of two who set a new secret at once the history says that one created it. A row that was
  -- updated carries the mark of the transaction that locked it.
  insert into secret (name, sealed, expires) values (name_in, sealed_in, expires_in)
  on conflict (name) do update set sealed = excluded.sealed, expires = excluded.expires
  returning xmax = 0 into fresh;
  insert into audit_history (entity_type, entity_id, client_id, action_type, created)
  values ('secret', name_in, by_in, case when fresh then 'created' else 'updated' end, now_in);
end $$;
