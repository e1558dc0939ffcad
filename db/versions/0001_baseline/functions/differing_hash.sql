-- differing_hash: read, object, since version 1
-- The first algorithm for which both maps have a value, and not the same one; null when there is none.
create or replace function differing_hash(known_in jsonb, given_in jsonb) returns text
language sql immutable as $$
  select given.key from jsonb_each_text(given_in) as given
  where known_in ? given.key and known_in ->> given.key <> given.value
  order by given.key limit 1;
$$;
