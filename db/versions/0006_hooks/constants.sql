-- db::hooks::FiredBy.
create function fired_by_schedule() returns smallint language sql immutable parallel safe return 0;
create function fired_by_trigger_hook() returns smallint language sql immutable parallel safe return 1;
create function fired_by_trigger_hook_with_token() returns smallint language sql immutable parallel safe return 2;
create function fired_by_pulse_message() returns smallint language sql immutable parallel safe return 3;

-- db::hooks::FireResult.
create function fire_result_success() returns smallint language sql immutable parallel safe return 0;
create function fire_result_error() returns smallint language sql immutable parallel safe return 1;
create function fire_result_no_task() returns smallint language sql immutable parallel safe return 2;
create function fire_result_skipped() returns smallint language sql immutable parallel safe return 3;
