delete from outbox where task_group_id is null;
alter table outbox alter column task_group_id set not null;
drop table audit_history, auth_version, role, client;
