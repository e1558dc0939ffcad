-- secret_reseal: write, secrets, since version 1
-- Replaces a sealed text by the same text under another key, if nobody changed the secret meanwhile.
create or replace function secret_reseal(name_in text, old_in jsonb, new_in jsonb) returns void language sql as $$
  update secret s set sealed = new_in where s.name = name_in and s.sealed = old_in
$$;
