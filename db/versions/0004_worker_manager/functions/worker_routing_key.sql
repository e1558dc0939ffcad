-- worker_routing_key: read, worker_manager, since version 4
-- The routing key of an event of worker-manager. What is null is not known. Each word has at most 38 bytes.
create or replace function worker_routing_key(
  worker_pool_id_in text, provider_id_in text, worker_group_in text, worker_id_in text, launch_config_id_in text
) returns text language sql immutable parallel safe as $$
  select 'primary.' || coalesce(provider_id_in, '_') || '.' || coalesce(replace(worker_pool_id_in, '/', '.'), '_._') || '.'
    || coalesce(worker_group_in, '_') || '.' || coalesce(worker_id_in, '_') || '.' || coalesce(launch_config_id_in, '_') || '._'
$$;
