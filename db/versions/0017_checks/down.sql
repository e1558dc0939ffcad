-- Undoes up.sql; no data that the older version knows may be lost.

-- Dead letters.
drop index parked_message_by_task;
alter table parked_message drop column task_id;
