-- provision_decisions: read, provisioner, since version 4
-- Decisions about a worker pool up to a time, the newest first.
create or replace function provision_decisions(pool_in text, until_in timestamptz, limit_in int)
returns setof provision_decision language sql stable as $$
  select * from provision_decision d where d.worker_pool_id = pool_in and d.at <= until_in order by d.at desc limit limit_in
$$;
