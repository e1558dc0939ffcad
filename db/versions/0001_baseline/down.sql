drop type task_result;
drop view task_status;
drop table dead_letter, push_task, event_log, task_note, bridge_run, bridge_request, bridge_master, cache_purge, secret,
  index_namespace, indexed_task, audit_history, auth_version, role, client, signing_key, artifact, object, blob,
  sweep_mark, worker, task_queue, outbox, graph, group_check, task_group, task_dependency, claim, pending, task_run_past, task,
  task_definition;
drop sequence event_position, outbox_id, pending_seq;
drop type logged_event;
