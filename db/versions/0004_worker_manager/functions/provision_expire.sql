-- provision_expire: write, provisioner, since version 4
-- Deletes decisions and ended launches from before a time, at most limit_in of each; how many. A launch stays while a worker of
-- it is there.
create or replace function provision_expire(before_in timestamptz, limit_in int) returns bigint language sql as $$
  with decisions as (
    delete from provision_decision d where (d.worker_pool_id, d.at) in (
      select o.worker_pool_id, o.at from provision_decision o where o.at < before_in limit limit_in for update skip locked) returning 1
  ), launches as (
    delete from launch l where l.launch_id in (
      select o.launch_id from launch o where o.created < before_in and o.state >= launch_state_settled()
        and not exists (select from pool_worker w where w.launch_id = o.launch_id) limit limit_in for update skip locked) returning 1
  )
  select (select count(*) from decisions) + (select count(*) from launches)
$$;
