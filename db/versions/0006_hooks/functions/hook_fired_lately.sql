-- hook_fired_lately: read, hooks, since version 6
-- Whether a fire of a hook since then has a key that begins so; the beginning ends with a colon.
create or replace function hook_fired_lately(
  hook_group_id_in text, hook_id_in text, key_beginning_in text, since_in timestamptz
) returns boolean language sql stable as $$
  -- The character behind the colon ends the range.
  select exists (select from hook_fire f where f.hook_group_id = hook_group_id_in and f.hook_id = hook_id_in
                 and f.fire_key >= key_beginning_in and f.fire_key < left(key_beginning_in, -1) || ';' and f.fired >= since_in)
$$;
