-- provision_configurations: read, provisioner, since version 4
-- The launch configs of a provider's pools that may be launched, as JSON without what only their workers read; equal ones once.
create or replace function provision_configurations(provider_in text) returns setof text language sql stable as $$
  select distinct (l.configuration::jsonb - 'workerConfig' - 'additionalUserData')::text
  from launch_config l join worker_pool p using (worker_pool_id) where p.provider_id = provider_in and not l.is_archived
$$;
