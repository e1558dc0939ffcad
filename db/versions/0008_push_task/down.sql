drop table push_task;
