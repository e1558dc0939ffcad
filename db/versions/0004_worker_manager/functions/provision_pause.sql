-- provision_pause: write, provisioner, since version 4
-- Pauses a worker pool, or one launch config of it, until a time; null resumes it. False: there is none of that name.
create or replace function provision_pause(pool_in text, launch_config_in text, until_in timestamptz, reason_in text, now_in timestamptz)
returns boolean language plpgsql as $$
declare
  is_known boolean;
begin
  update launch_config g set paused_until = until_in, pause_reason = reason_in
  where g.worker_pool_id = pool_in and g.launch_config_id = launch_config_in;
  is_known := found;
  if launch_config_in is null then
    update worker_pool p set paused_until = until_in, pause_reason = reason_in where p.worker_pool_id = pool_in;
    is_known := found;
  end if;
  perform provision_wake(array[pool_in], now_in);
  return is_known;
end $$;
