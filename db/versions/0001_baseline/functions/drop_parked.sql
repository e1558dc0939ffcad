-- drop_parked: write, bus, since version 1
-- Forgets messages that were put aside; answers how many there were.
create or replace function drop_parked(parked_ids_in bigint[]) returns bigint language sql as $$
  with gone as (delete from parked_message p where p.parked_id = any(parked_ids_in) returning 1)
  select count(*) from gone
$$;
