-- expire_auth: write, auth, since version 1
-- Deletes clients that expired and have deleteOnExpiration, and history older than 30 days. How many clients.
create or replace function expire_auth(by_in text, page_size_in int, now_in timestamptz) returns int language plpgsql as $$
declare
  ids text[];
begin
  ids := array(select c.client_id from client c where c.delete_on_expiration and c.expires < now_in limit page_size_in for update skip locked);
  perform auth_changed('client', c.client_id, 'expired', null, by_in, null, now_in) from client c where c.client_id = any(ids);
  delete from client c where c.client_id = any(ids);
  delete from audit_history a where a.created < now_in - interval '30 days';
  return cardinality(ids);
end $$;
