drop table parked_message;
