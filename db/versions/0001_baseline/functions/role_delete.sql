-- role_delete: write, auth, since version 1
-- Deletes a role, whether it exists or not.
create or replace function role_delete(role_id_in text, by_in text, trace_in text, now_in timestamptz) returns boolean language plpgsql as $$
begin
  -- The one row is the lock of all roles: whoever checked a role against all others must not miss a change.
  perform 1 from auth_version for update;
  delete from role r where r.role_id = role_id_in;
  if not found then
    return false;
  end if;
  perform auth_changed('role', role_id_in, 'deleted', event_role_deleted(), by_in, trace_in, now_in);
  return true;
end $$;
