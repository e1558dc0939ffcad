-- provision_notices: write, provisioner, since version 4
-- A provider said something about machines: `state-changed`: its worker is due for a look; `interruption`: the machine is taken back within
-- minutes. Then the worker claims nothing more, its runs get another try at once, and its pool is due for a replacement; its machine
-- is ended by its provider, and by us only if it is still there three minutes later. Machines that nobody knows are ignored. A row for
-- each worker: how many runs were ended.
create or replace function provision_notices(provider_in text, notices_in jsonb, now_in timestamptz)
returns table (worker_pool_id text, worker_group text, worker_id text, interrupted boolean, runs bigint) language plpgsql as $$
declare
  n record;
  w pool_worker;
  learned jsonb := '[]';
  pools text[] := '{}';
begin
  for n in
    select k.worker_pool_id, k.worker_group, k.worker_id, bool_or(r.kind = 'interruption') as is_interrupted, bool_or(r.kind = 'state-changed') as has_changed
    from jsonb_to_recordset(notices_in) as r(machine text, kind text)
    join pool_worker k on k.provider_id = provider_in and k.worker_id = r.machine and k.state < 3::smallint -- not stopped; as the index says it
    group by 1, 2, 3 order by 1, 2, 3 -- in the order of the keys, as everybody locks workers
  loop
    select * into w from pool_worker o
    where o.worker_pool_id = n.worker_pool_id and o.worker_group = n.worker_group and o.worker_id = n.worker_id for update;
    continue when not found or w.state = worker_state_stopped();
    worker_pool_id := w.worker_pool_id; worker_group := w.worker_group; worker_id := w.worker_id;
    interrupted := n.is_interrupted and w.state in (worker_state_requested(), worker_state_running());
    runs := 0;
    if interrupted then
      select r.count into runs from provision_remove_worker(w, 'the provider takes the machine back', now_in) r where r.task_queue_id is null;
      learned := learned || jsonb_build_object('launch_id', w.launch_id, 'interrupted', 1);
      pools := pools || w.worker_pool_id;
    end if;
    update pool_worker o set check_at = case when n.has_changed then now_in when interrupted then now_in + interval '3 minutes' else o.check_at end
    where o.worker_pool_id = w.worker_pool_id and o.worker_group = w.worker_group and o.worker_id = w.worker_id;
    return next;
  end loop;
  -- Workers before pools before offerings, as everybody locks them.
  perform provision_wake(pools, now_in);
  perform provision_learn(learned, now_in);
end $$;
