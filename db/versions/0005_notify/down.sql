drop table notify_outbox, notify_denied, notify_window;
