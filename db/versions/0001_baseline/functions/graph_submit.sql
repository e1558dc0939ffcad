-- graph_submit: write, queue, since version 1
-- Reserves a submit key for a graph. The group of the graph that has the key: the given one when it is new (fresh), else
-- the earlier one's, with its digest and tasks. Concurrent submitters of one key wait for each other.
create or replace function graph_submit(
  submit_key_in text, task_group_id_in uuid, digest_in text, task_ids_in uuid[], expires_in timestamptz, now_in timestamptz
) returns table (fresh boolean, task_group_id uuid, digest text, task_ids uuid[]) language plpgsql as $$
begin
  insert into graph (submit_key, task_group_id, digest, task_ids, created, expires)
  values (submit_key_in, task_group_id_in, digest_in, task_ids_in, now_in, expires_in) on conflict do nothing;
  fresh := found;
  return query select graph_submit.fresh, g.task_group_id, g.digest, g.task_ids from graph g where g.submit_key = submit_key_in;
end $$;
