drop table task_note;
