-- launch_configs_clash: read, worker_manager, since version 4
-- The id of a launch config that is given with two contents, or that is known with another content. An id stands for its
-- content for ever, archived or not.
create or replace function launch_configs_clash(worker_pool_id_in text, configurations_in text[], worker_managers_in text[])
returns text language sql stable as $$
  with given as (
    select launch_config_id_of(worker_pool_id_in, u.configuration, u.worker_manager) as id, u.configuration::jsonb as content
    from unnest(configurations_in, worker_managers_in) u(configuration, worker_manager))
  select id from (
    select g.id from given g group by g.id having count(distinct g.content) > 1
    union all
    select g.id from given g join launch_config l on l.worker_pool_id = worker_pool_id_in and l.launch_config_id = g.id
    where l.configuration::jsonb <> g.content) clash
  limit 1
$$;
