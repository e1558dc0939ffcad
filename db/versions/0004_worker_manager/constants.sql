-- protocol::worker_pool::WorkerState.
create function worker_state_requested() returns smallint language sql immutable parallel safe return 0;
create function worker_state_running() returns smallint language sql immutable parallel safe return 1;
create function worker_state_stopping() returns smallint language sql immutable parallel safe return 2;
create function worker_state_stopped() returns smallint language sql immutable parallel safe return 3;

-- protocol::worker_pool::LaunchState.
create function launch_state_planned() returns smallint language sql immutable parallel safe return 0;
create function launch_state_calling() returns smallint language sql immutable parallel safe return 1;
create function launch_state_unknown() returns smallint language sql immutable parallel safe return 2;
create function launch_state_settled() returns smallint language sql immutable parallel safe return 3;
create function launch_state_failed() returns smallint language sql immutable parallel safe return 4;
