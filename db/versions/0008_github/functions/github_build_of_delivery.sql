-- github_build_of_delivery: read, github, since version 8
-- The build that a delivery caused.
create or replace function github_build_of_delivery(delivery_id_in text) returns setof github_build language sql stable as $$
  select * from github_build b where b.delivery_id = delivery_id_in
$$;
