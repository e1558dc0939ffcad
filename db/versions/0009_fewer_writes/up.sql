-- Version 9: fewer writes on the road of a task. A task without routes interests only those who listen to everything, so
-- its events can be dropped unread when nobody does; true where it is not known.
alter table task add column routed boolean not null default true;
alter table outbox add column routed boolean not null default true;
