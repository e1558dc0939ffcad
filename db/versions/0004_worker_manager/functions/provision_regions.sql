-- provision_regions: read, provisioner, since version 4
-- The regions in which a provider was asked for machines, as far as the ledger goes back.
create or replace function provision_regions(provider_in text) returns setof text language sql stable as $$
  select distinct l.region from launch l where l.provider_id = provider_in order by 1
$$;
