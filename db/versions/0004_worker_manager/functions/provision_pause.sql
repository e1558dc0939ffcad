-- provision_pause: write, provisioner, since version 4
-- Pauses a worker pool, or one launch config of it, until a time; null resumes it. False: there is none of that name.
create or replace function provision_pause(
  pool_in text, launch_config_in text, until_in timestamptz, reason_in text, by_in text, now_in timestamptz
) returns boolean language plpgsql as $$
begin
  -- The pool's row is the lock of its launch configs.
  perform from worker_pool p where p.worker_pool_id = pool_in for update;
  if not found then
    return false;
  end if;
  if launch_config_in is null then
    update worker_pool p set paused_until = until_in, pause_reason = reason_in where p.worker_pool_id = pool_in;
  else
    update launch_config g set paused_until = until_in, pause_reason = reason_in
    where g.worker_pool_id = pool_in and g.launch_config_id = launch_config_in;
    if not found then
      return false;
    end if;
  end if;
  insert into audit_history (entity_type, entity_id, client_id, action_type, created)
  values ('worker-pool', pool_in, by_in, 'updated', now_in);
  perform provision_wake(array[pool_in], now_in);
  return true;
end $$;
