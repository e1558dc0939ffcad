-- offering_weight: read, provisioner, since version 4
-- How much of a count of offerings is left: half of it after six hours.
create or replace function offering_weight(since_in timestamptz, now_in timestamptz) returns double precision language sql immutable parallel safe as $$
  select power(0.5::double precision, greatest(0, extract(epoch from now_in - since_in))::double precision / 21600)
$$;
