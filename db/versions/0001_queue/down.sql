drop type task_answer;
drop view task_status;
drop table sweep_mark, worker, task_queue, outbox, graph, group_check, task_group, edge, claim, pending, task_run_past, task, task_definition;
drop sequence outbox_id;
drop sequence pending_seq;
