-- secret_delete: write, secrets, since version 1
-- Deletes a secret, whether it exists or not.
create or replace function secret_delete(name_in text, by_in text, now_in timestamptz) returns void language plpgsql as $$
begin
  delete from secret s where s.name = name_in;
  if found then
    insert into audit_history (entity_type, entity_id, client_id, action_type, created) values ('secret', name_in, by_in, 'deleted', now_in);
  end if;
end $$;
