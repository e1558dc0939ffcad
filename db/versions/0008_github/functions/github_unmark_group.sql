-- github_unmark_group: write, github, since version 8
-- The group of a build was cancelled.
create or replace function github_unmark_group(task_group_id_in uuid) returns void language sql as $$
  update github_build b set cancel_due = false where b.task_group_id = task_group_id_in
$$;
