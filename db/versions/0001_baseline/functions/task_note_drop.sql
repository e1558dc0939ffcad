-- task_note_drop: write, queue, since version 1
-- Deletes the note of one source about a task; true if there was one.
create or replace function task_note_drop(task_id_in uuid, source_in text) returns boolean language sql as $$
  with gone as (delete from task_note n where n.task_id = task_id_in and n.source = source_in returning 1)
  select exists (select from gone)
$$;
