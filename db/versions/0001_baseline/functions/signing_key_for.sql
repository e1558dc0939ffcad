-- signing_key_for: write, object, since version 1
-- The key of one purpose. The first caller's candidate becomes the key; all others get that one.
create or replace function signing_key_for(purpose_in text, candidate_in bytea, now_in timestamptz) returns bytea
language plpgsql as $$
begin
  insert into signing_key (purpose, key, created) values (purpose_in, candidate_in, now_in) on conflict do nothing;
  return (select signing_key.key from signing_key where signing_key.purpose = purpose_in);
end
$$;
