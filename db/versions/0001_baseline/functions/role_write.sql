-- role_write: write, auth, since version 1
-- Creates (create_in) or replaces a role, if the roles are still at the version the caller checked them at. Outcome: done,
-- same (it was there and equal), differs (it was there, creating), missing (it is not there, replacing), outdated (the roles
-- have changed meanwhile).
create or replace function role_write(
  role_id_in text, scopes_in text[], description_in text, create_in boolean, roles_version_in bigint, by_in text, trace_in text, now_in timestamptz
) returns table (outcome text, written role) language plpgsql as $$
declare
  stored role;
begin
  -- The one row is the lock of all roles: two writers that each checked against the other's old roles must not both win.
  perform 1 from auth_version v where v.roles = roles_version_in for update;
  if not found then
    outcome := 'outdated';
    return next;
    return;
  end if;
  select * into stored from role r where r.role_id = role_id_in;
  if create_in and stored.role_id is not null then
    outcome := case when stored.scopes = scopes_in and stored.description = description_in then 'same' else 'differs' end;
  elsif not create_in and stored.role_id is null then
    outcome := 'missing';
  else
    outcome := 'done';
    insert into role as r (role_id, scopes, description, created, last_modified) values (role_id_in, scopes_in, description_in, now_in, now_in)
    on conflict (role_id) do update set scopes = excluded.scopes, description = excluded.description, last_modified = now_in;
    perform auth_changed('role', role_id_in, case when create_in then 'created' else 'updated' end,
                         case when create_in then event_role_created() else event_role_updated() end, by_in, trace_in, now_in);
  end if;
  return query select role_write.outcome, r from role r where r.role_id = role_id_in
    union all select role_write.outcome, null where not exists (select 1 from role r where r.role_id = role_id_in);
end $$;
