-- The older version knows no hooks.
drop table hook_discard;
drop table hook_queue;
drop table hook_fire;
drop table hook;
drop sequence hook_generation;
