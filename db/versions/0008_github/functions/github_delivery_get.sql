-- github_delivery_get: read, github, since version 8
-- One delivery.
create or replace function github_delivery_get(delivery_id_in text) returns setof github_delivery language sql stable as $$
  select * from github_delivery d where d.delivery_id = delivery_id_in
$$;
