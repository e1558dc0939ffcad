-- Version 17: values are checked where they are stored, and a row that cannot be told of no longer fails its neighbours.

-- Dead letters: also messages and events that the relay cannot send. They have no queue, and know their task.
alter table parked_message add column task_id uuid;
create index parked_message_by_task on parked_message (task_id) where task_id is not null;
