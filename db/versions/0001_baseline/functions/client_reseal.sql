-- client_reseal: write, auth, since version 1
-- Keeps an access token under another key: the same token, so nothing that anybody sees has changed. False: the token is another by now.
create or replace function client_reseal(client_id_in text, old_in jsonb, new_in jsonb) returns boolean language plpgsql as $$
begin
  update client c set sealed_access_token = new_in where c.client_id = client_id_in and c.sealed_access_token = old_in;
  return found;
end $$;
