-- task_note_set: write, queue, since version 1
-- Sets the note of one source about a task. False: there is no such task, and nothing was written. The same note again changes
-- nothing, not even its time: `at` says since when it holds.
create or replace function task_note_set(task_id_in uuid, source_in text, kind_in text, message_in text, now_in timestamptz)
returns boolean language plpgsql as $$
begin
  -- Against expire_rows, which would leave behind a note written while it deletes the task.
  perform from task where task_id = task_id_in for key share;
  if not found then
    return false;
  end if;
  insert into task_note as n (task_id, source, kind, message, at) values (task_id_in, source_in, kind_in, message_in, now_in)
  on conflict (task_id, source) do update set kind = excluded.kind, message = excluded.message, at = excluded.at
  where (n.kind, n.message) <> (excluded.kind, excluded.message);
  return true;
end $$;
