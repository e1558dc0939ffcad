alter table outbox drop column routed;
alter table task drop column routed;
