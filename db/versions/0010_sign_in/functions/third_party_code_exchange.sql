-- third_party_code_exchange: write, auth, since version 10
-- Uses a code up and puts an access token in its place: of two who use it at once, one gets true. A code of another third party, or one
-- that was made for another redirect URI, stays as it is.
create or replace function third_party_code_exchange(
  code_in bytea, third_party_in text, redirect_uri_in text, token_in bytea, expires_in timestamptz, now_in timestamptz
) returns boolean language plpgsql as $$
begin
  update third_party_grant g set grant_id = token_in, is_code = false, expires = expires_in
  where g.grant_id = code_in and g.is_code and g.third_party = third_party_in and g.redirect_uri = redirect_uri_in and g.expires > now_in;
  return found;
end $$;
