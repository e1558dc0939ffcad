-- expire_worker_manager: write, worker_manager, since version 4
-- Deletes workers (unless a provider still has their machine) and errors whose time is over, archived launch configs without workers, and pools of the null provider that no
-- earlier provider has workers of; drops earlier providers without workers. At most page_size_in of each; how many of the most
-- frequent kind.
create or replace function expire_worker_manager(null_provider_id_in text, errors_before_in timestamptz, page_size_in int, now_in timestamptz)
returns int language plpgsql as $$
declare
  most int;
  n int;
begin
  delete from pool_worker t where t.ctid = any(array(
    select x.ctid from pool_worker x where x.expires < now_in and (x.check_at is null or x.state = worker_state_stopped()) limit page_size_in for update skip locked));
  get diagnostics most = row_count;
  delete from worker_pool_error t where t.ctid = any(array(
    select x.ctid from worker_pool_error x where x.reported < errors_before_in limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  most := greatest(most, n);
  delete from launch_config t where t.ctid = any(array(
    select x.ctid from launch_config x where x.is_archived
      and not exists (select from pool_worker w where w.worker_pool_id = x.worker_pool_id and w.launch_config_id = x.launch_config_id)
      and not exists (select from launch l where l.worker_pool_id = x.worker_pool_id and l.launch_config_id = x.launch_config_id
        and l.state < launch_state_settled())
    limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  most := greatest(most, n);
  update worker_pool p set previous_provider_ids = array(
    select i from unnest(p.previous_provider_ids) i
    where exists (select from pool_worker w where w.worker_pool_id = p.worker_pool_id and w.provider_id = i and w.state <> worker_state_stopped()))
  where p.ctid = any(array(
    select x.ctid from worker_pool x where exists (
      select from unnest(x.previous_provider_ids) i where not exists (
        select from pool_worker w where w.worker_pool_id = x.worker_pool_id and w.provider_id = i and w.state <> worker_state_stopped()))
    limit page_size_in for update skip locked));
  delete from worker_pool p where p.ctid = any(array(
    select x.ctid from worker_pool x where x.provider_id = null_provider_id_in and x.previous_provider_ids = '{}'
      and not exists (select from launch l where l.worker_pool_id = x.worker_pool_id and l.state < launch_state_settled())
    limit page_size_in for update skip locked));
  get diagnostics n = row_count;
  return greatest(most, n);
end $$;
