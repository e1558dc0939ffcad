-- provision_wake: write, provisioner, since version 4
-- These worker pools are due now. Names that are no worker pools are ignored.
create or replace function provision_wake(pools_in text[], now_in timestamptz) returns void language plpgsql as $$
begin
  -- In the order of the keys: several processes wake the same pools at once.
  perform from worker_pool p where p.worker_pool_id = any(pools_in) and p.provision_at > now_in
  order by p.worker_pool_id for update;
  update worker_pool p set provision_at = now_in where p.worker_pool_id = any(pools_in) and p.provision_at > now_in;
end $$;
