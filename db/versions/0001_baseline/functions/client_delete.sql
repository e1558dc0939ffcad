-- client_delete: write, auth, since version 1
-- Deletes a client, whether it exists or not.
create or replace function client_delete(client_id_in text, by_in text, trace_in text, now_in timestamptz) returns boolean language plpgsql as $$
begin
  delete from client c where c.client_id = client_id_in;
  if not found then
    return false;
  end if;
  perform auth_changed('client', client_id_in, 'deleted', event_client_deleted(), by_in, trace_in, now_in);
  return true;
end $$;
