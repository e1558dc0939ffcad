-- hook_delete: write, hooks, since version 6
-- Deletes a hook and its fires, whether it exists or not.
create or replace function hook_delete(
  hook_group_id_in text, hook_id_in text, by_in text, trace_in text, now_in timestamptz
) returns void language plpgsql as $$
begin
  delete from hook h where h.hook_group_id = hook_group_id_in and h.hook_id = hook_id_in;
  if not found then
    return;
  end if;
  -- A fire locks the hook before it inserts its row, so none can come after this.
  delete from hook_fire f where f.hook_group_id = hook_group_id_in and f.hook_id = hook_id_in;
  delete from hook_discard d where d.hook_group_id = hook_group_id_in and d.hook_id = hook_id_in;
  perform hook_changed(hook_group_id_in, hook_id_in, 'hook-deleted', 'deleted', by_in, trace_in, now_in);
end $$;
