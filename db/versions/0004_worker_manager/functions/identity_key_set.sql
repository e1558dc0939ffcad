-- identity_key_set: write, worker_manager, since version 4
-- Stores a public key of a provider, or replaces it.
create or replace function identity_key_set(provider_id_in text, key_id_in text, key_in text, expires_in timestamptz, now_in timestamptz)
returns void language sql as $$
  insert into identity_key (provider_id, key_id, key, fetched, expires) values (provider_id_in, key_id_in, key_in, now_in, expires_in)
  on conflict (provider_id, key_id) do update set key = excluded.key, fetched = excluded.fetched, expires = excluded.expires
$$;
