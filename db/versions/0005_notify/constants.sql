-- protocol::notify::NotificationKind.
create function notification_kind_email() returns smallint language sql immutable parallel safe return 0;
create function notification_kind_pulse() returns smallint language sql immutable parallel safe return 1;
create function notification_kind_matrix_room() returns smallint language sql immutable parallel safe return 2;
create function notification_kind_slack_channel() returns smallint language sql immutable parallel safe return 3;

-- protocol::notify::NotificationState.
create function notification_state_pending() returns smallint language sql immutable parallel safe return 0;
create function notification_state_sent() returns smallint language sql immutable parallel safe return 1;
create function notification_state_failed() returns smallint language sql immutable parallel safe return 2;
create function notification_state_suppressed() returns smallint language sql immutable parallel safe return 3;

-- protocol::notify::Acceptance.
create function acceptance_stored() returns smallint language sql immutable parallel safe return 0;
create function acceptance_duplicate() returns smallint language sql immutable parallel safe return 1;
create function acceptance_denied() returns smallint language sql immutable parallel safe return 2;
create function acceptance_rate_limited() returns smallint language sql immutable parallel safe return 3;

-- First number of the advisory lock of a destination; the second is its hash.
create function lock_notify_destination() returns integer language sql immutable parallel safe return 3;
