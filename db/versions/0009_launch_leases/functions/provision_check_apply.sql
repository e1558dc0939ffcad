-- provision_check_apply: write, provisioner, since version 4
-- Compares workers with their machines, as a list of the provider had them that was asked for at listed_at_in. `seen` is running, stopping,
-- ended or missing. A list may be stale: who is missing in it within two minutes of its launch may exist. Outcomes: stopped,
-- terminate (its machine is to be ended), booted, boot-failed (both with the request of its launch), pending (tasks of the pool
-- are pending again). What it learns about offerings: machines that did not boot, hours of those that run, and that one is gone which
-- nobody ended.
create or replace function provision_check_apply(
  workers_in jsonb, listed_at_in timestamptz, requested_seconds_in int, running_seconds_in int, stopping_seconds_in int, now_in timestamptz
) returns table (outcome text, worker_pool_id text, worker_group text, worker_id text, launch_config_id text, launch_id uuid, request text, boot_seconds double precision) language plpgsql as $$
declare
  s record;
  w pool_worker;
  reason text;
  is_gone boolean;
  hours double precision;
  learned jsonb := '[]';
  pools text[] := '{}';
  jitter double precision;
begin
  for s in
    select * from jsonb_to_recordset(workers_in) as r(worker_pool_id text, worker_group text, worker_id text, seen text)
    order by 1, 2, 3 -- in the order of the keys, as everybody locks workers
  loop
    select * into w from pool_worker o
    where o.worker_pool_id = s.worker_pool_id and o.worker_group = s.worker_group and o.worker_id = s.worker_id for update;
    continue when not found or w.state = worker_state_stopped();
    worker_pool_id := w.worker_pool_id; worker_group := w.worker_group; worker_id := w.worker_id;
    launch_config_id := w.launch_config_id; launch_id := w.launch_id;
    request := null;
    if w.registered is null or w.registered > w.last_checked then
      select l.request into request from launch l where l.launch_id = w.launch_id;
    end if;
    boot_seconds := null;
    if w.registered > w.last_checked then
      outcome := 'booted';
      boot_seconds := extract(epoch from w.registered - w.created);
      return next;
      request := null;
      boot_seconds := null;
    end if;
    hours := case when w.state = worker_state_running() and w.registered is not null
      then greatest(0, extract(epoch from now_in - greatest(w.last_checked, w.registered))) / 3600 end;
    is_gone := s.seen = 'ended' or (s.seen = 'missing' and w.created <= listed_at_in - interval '2 minutes');
    if is_gone then
      if w.registered is null and w.state = worker_state_requested() then
        outcome := 'boot-failed';
        return next;
        perform provision_report_boot(w, 'ended before it registered', now_in);
        learned := learned || jsonb_build_object('launch_id', w.launch_id, 'launched', 1, 'boot_failed', 1);
      elsif hours is not null then
        learned := learned || jsonb_build_object('launch_id', w.launch_id, 'interrupted', 1, 'machine_hours', hours);
      end if;
      pools := pools || w.worker_pool_id;
      if provision_stop_worker(w, now_in) > 0 then
        outcome := 'pending';
        return next;
      end if;
      outcome := 'stopped';
      return next;
      continue;
    end if;
    reason := provision_removal_reason(w, now_in);
    if reason is not null then
      if w.registered is null then
        outcome := 'boot-failed';
        return next;
        perform provision_report_boot(w, 'did not register in time', now_in);
        learned := learned || jsonb_build_object('launch_id', w.launch_id, 'launched', 1, 'boot_failed', 1);
      end if;
      if (select r.count from provision_remove_worker(w, reason, now_in) r where r.task_queue_id is null) > 0 then
        outcome := 'pending';
        return next;
      end if;
      w.state := worker_state_stopping();
    end if;
    if hours > 0 then
      learned := learned || jsonb_build_object('launch_id', w.launch_id, 'machine_hours', hours);
    end if;
    if w.state = worker_state_stopping() then
      outcome := 'terminate';
      return next;
    end if;
    -- Who made it due since this look began, such as a notice, wants another one: the list may be from before.
    jitter := 0.9 + 0.2 * (hashtext(w.worker_id) & 1023) / 1023;
    update pool_worker o set last_checked = now_in,
      expires = case when o.expires < now_in + interval '7 days' then now_in + interval '8 days' else o.expires end,
      check_at = case when w.check_at <= now_in then w.check_at else now_in + make_interval(secs => jitter * case
        when w.state = worker_state_requested() then requested_seconds_in
        when w.state = worker_state_stopping() or s.seen = 'stopping' then stopping_seconds_in
        else running_seconds_in end) end
    where o.worker_pool_id = w.worker_pool_id and o.worker_group = w.worker_group and o.worker_id = w.worker_id;
  end loop;
  -- Workers before pools before offerings, as everybody locks them.
  perform provision_wake(pools, now_in);
  perform provision_learn(learned, now_in);
end $$;
