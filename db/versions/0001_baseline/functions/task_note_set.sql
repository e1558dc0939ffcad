-- task_note_set: write, queue, since version 1
-- Leaves the note of one source about a task in place of the one it left before. False: there is no such task, and nothing was
-- written. The same note again changes nothing, not even its time: `at` says since when it holds.
create or replace function task_note_set(task_id_in uuid, source_in text, kind_in text, words_in text, now_in timestamptz)
returns boolean language plpgsql as $$
begin
  -- Against expire_rows, which would leave behind a note written while it deletes the task.
  perform from task where task_id = task_id_in for key share;
  if not found then
    return false;
  end if;
  insert into task_note as n (task_id, source, kind, words, at) values (task_id_in, source_in, kind_in, words_in, now_in)
  on conflict (task_id, source) do update set kind = excluded.kind, words = excluded.words, at = excluded.at
  where (n.kind, n.words) <> (excluded.kind, excluded.words);
  return true;
end $$;
