-- protocol::github::DeliveryState.
create function delivery_state_waiting() returns smallint language sql immutable parallel safe return 0;
create function delivery_state_done() returns smallint language sql immutable parallel safe return 1;
create function delivery_state_ignored() returns smallint language sql immutable parallel safe return 2;
create function delivery_state_failed() returns smallint language sql immutable parallel safe return 3;

-- protocol::github::BuildState.
create function build_state_pending() returns smallint language sql immutable parallel safe return 0;
create function build_state_success() returns smallint language sql immutable parallel safe return 1;
create function build_state_error() returns smallint language sql immutable parallel safe return 2;
create function build_state_failure() returns smallint language sql immutable parallel safe return 3;
create function build_state_cancelled() returns smallint language sql immutable parallel safe return 4;

-- protocol::github::ReportKind.
create function report_kind_check() returns smallint language sql immutable parallel safe return 0;
create function report_kind_status() returns smallint language sql immutable parallel safe return 1;
create function report_kind_comment() returns smallint language sql immutable parallel safe return 2;

-- First number of the advisory lock of a repository's subject; the second is its hash.
create function lock_github_subject() returns integer language sql immutable parallel safe return 4;
