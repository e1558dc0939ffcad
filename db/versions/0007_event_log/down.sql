drop table event_log;
drop sequence event_position;
drop type event_fact;
