-- identity_keys_get: read, worker_manager, since version 4
-- The public keys of a provider that are valid: a JWKS or certificates, as text.
create or replace function identity_keys_get(provider_id_in text, now_in timestamptz) returns setof identity_key language sql stable as $$
  select * from identity_key k where k.provider_id = provider_id_in and k.expires > now_in order by k.key_id
$$;
