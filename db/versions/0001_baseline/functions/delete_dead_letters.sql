-- delete_dead_letters: write, bus, since version 1
-- Deletes dead letters; how many there were.
create or replace function delete_dead_letters(dead_letter_ids_in bigint[]) returns bigint language sql as $$
  with gone as (delete from dead_letter p where p.dead_letter_id = any(dead_letter_ids_in) returning 1)
  select count(*) from gone
$$;
