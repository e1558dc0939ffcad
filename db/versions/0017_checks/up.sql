-- Version 17: values are checked where they are stored, and a row that cannot be told of no longer fails its neighbours.

-- Dead letters: also messages and events that the relay cannot send. They have no queue, and know their task.
alter table parked_message add column task_id uuid;
create index parked_message_by_task on parked_message (task_id) where task_id is not null;

-- Derived times: groups and namespaces lived a little longer than what never expires, and so into a year that RFC 3339
-- cannot tell. Both columns have an index, so these find few rows or none at once.
update task_group set expires = '9999-12-31 23:59:59.999+00' where expires > '9999-12-31 23:59:59.999+00';
update index_namespace set expires = '9999-12-31 23:59:59.999+00' where expires > '9999-12-31 23:59:59.999+00';
