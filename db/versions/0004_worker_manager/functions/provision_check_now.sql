-- provision_check_now: write, provisioner, since version 4
-- All workers of a provider that are not stopped are due for a look at their machines.
create or replace function provision_check_now(provider_in text, now_in timestamptz) returns void language plpgsql as $$
begin
  -- In the order of the keys, as everybody locks workers.
  perform from pool_worker w where w.provider_id = provider_in and w.check_at > now_in and w.state < worker_state_stopped()
  order by w.worker_pool_id, w.worker_group, w.worker_id for update;
  update pool_worker w set check_at = now_in
  where w.provider_id = provider_in and w.check_at > now_in and w.state < worker_state_stopped();
end $$;
