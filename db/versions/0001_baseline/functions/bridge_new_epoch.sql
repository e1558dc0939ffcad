-- bridge_new_epoch: write, bridge, since version 1
-- The master's numbers have restarted since this epoch: its open requests with numbers are lost. A repeat changes nothing. The
-- current epoch.
create or replace function bridge_new_epoch(master_in text, epoch_in bigint, now_in timestamptz)
returns bigint language plpgsql as $$
declare
  answer bigint;
begin
  insert into bridge_master as m (master, epoch, since) values (master_in, epoch_in + 1, now_in)
  on conflict (master) do update set epoch = greatest(m.epoch, excluded.epoch) returning m.epoch into answer;
  update bridge_request b set lost = true, next_check = now_in, notifications = b.notifications + 1, version = b.version + 1, updated = now_in
  where b.id in (
    select q.id from bridge_request q
    where q.master = master_in and q.epoch <= epoch_in and q.state <> 'resolved' and q.request_id is not null and not q.lost
    order by q.id for update);
  return answer;
end $$;
