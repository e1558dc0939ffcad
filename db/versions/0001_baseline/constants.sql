-- The numbers that stand in columns, by name. A test compares them with the Rust enums (db/src/versions/tests/constants.rs).
-- Immutable and without arguments, so the planner puts the number in their place: a cached plan has the literal, and an
-- index predicate or a generic plan sees no call. They never change.

-- protocol::state::TaskState. States from completed on are resolved.
create function task_state_unscheduled() returns smallint language sql immutable parallel safe return 0;
create function task_state_pending() returns smallint language sql immutable parallel safe return 1;
create function task_state_running() returns smallint language sql immutable parallel safe return 2;
create function task_state_completed() returns smallint language sql immutable parallel safe return 3;
create function task_state_failed() returns smallint language sql immutable parallel safe return 4;
create function task_state_exception() returns smallint language sql immutable parallel safe return 5;
create function is_resolved(state_in smallint) returns boolean language sql immutable parallel safe return state_in >= 3;

-- protocol::state::ReasonCreated.
create function reason_created_scheduled() returns smallint language sql immutable parallel safe return 0;
create function reason_created_retry() returns smallint language sql immutable parallel safe return 1;
create function reason_created_task_retry() returns smallint language sql immutable parallel safe return 2;
create function reason_created_rerun() returns smallint language sql immutable parallel safe return 3;
create function reason_created_exception() returns smallint language sql immutable parallel safe return 4;

-- protocol::state::ReasonResolved.
create function reason_resolved_completed() returns smallint language sql immutable parallel safe return 0;
create function reason_resolved_failed() returns smallint language sql immutable parallel safe return 1;
create function reason_resolved_claim_expired() returns smallint language sql immutable parallel safe return 2;
create function reason_resolved_worker_shutdown() returns smallint language sql immutable parallel safe return 3;
create function reason_resolved_malformed_payload() returns smallint language sql immutable parallel safe return 4;
create function reason_resolved_resource_unavailable() returns smallint language sql immutable parallel safe return 5;
create function reason_resolved_internal_error() returns smallint language sql immutable parallel safe return 6;
create function reason_resolved_intermittent_task() returns smallint language sql immutable parallel safe return 7;
create function reason_resolved_canceled() returns smallint language sql immutable parallel safe return 8;
create function reason_resolved_deadline_exceeded() returns smallint language sql immutable parallel safe return 9;
create function reason_resolved_superseded() returns smallint language sql immutable parallel safe return 10;

-- protocol::state::Requires.
create function requires_all_completed() returns smallint language sql immutable parallel safe return 0;
create function requires_all_resolved() returns smallint language sql immutable parallel safe return 1;

-- protocol::state::StorageType.
create function storage_type_s3() returns smallint language sql immutable parallel safe return 0;
create function storage_type_object() returns smallint language sql immutable parallel safe return 1;
create function storage_type_reference() returns smallint language sql immutable parallel safe return 2;
create function storage_type_link() returns smallint language sql immutable parallel safe return 3;
create function storage_type_error() returns smallint language sql immutable parallel safe return 4;

-- protocol::event::EventKind.
create function event_task_defined() returns smallint language sql immutable parallel safe return 1;
create function event_task_pending() returns smallint language sql immutable parallel safe return 2;
create function event_task_running() returns smallint language sql immutable parallel safe return 3;
create function event_artifact_created() returns smallint language sql immutable parallel safe return 4;
create function event_task_completed() returns smallint language sql immutable parallel safe return 5;
create function event_task_failed() returns smallint language sql immutable parallel safe return 6;
create function event_task_exception() returns smallint language sql immutable parallel safe return 7;
create function event_task_priority_changed() returns smallint language sql immutable parallel safe return 8;
create function event_task_group_resolved() returns smallint language sql immutable parallel safe return 9;
create function event_task_group_sealed() returns smallint language sql immutable parallel safe return 10;
create function event_task_group_priority_changed() returns smallint language sql immutable parallel safe return 11;
create function event_client_created() returns smallint language sql immutable parallel safe return 12;
create function event_client_updated() returns smallint language sql immutable parallel safe return 13;
create function event_client_deleted() returns smallint language sql immutable parallel safe return 14;
create function event_role_created() returns smallint language sql immutable parallel safe return 15;
create function event_role_updated() returns smallint language sql immutable parallel safe return 16;
create function event_role_deleted() returns smallint language sql immutable parallel safe return 17;

-- db::queue::Outcome: what became of one task of a call. newly_pending marks rows that name a queue in which tasks became pending.
create function outcome_done() returns smallint language sql immutable parallel safe return 0;
create function outcome_done_now() returns smallint language sql immutable parallel safe return 1;
create function outcome_no_such_task() returns smallint language sql immutable parallel safe return 2;
create function outcome_no_such_run() returns smallint language sql immutable parallel safe return 3;
create function outcome_other_state() returns smallint language sql immutable parallel safe return 4;
create function outcome_too_late() returns smallint language sql immutable parallel safe return 5;
create function outcome_refused() returns smallint language sql immutable parallel safe return 6;
create function outcome_unchanged() returns smallint language sql immutable parallel safe return 7;
create function outcome_newly_pending() returns smallint language sql immutable parallel safe return 9;
create function outcome_upload_unfinished() returns smallint language sql immutable parallel safe return 10;

-- db::queue::Created: what became of one task of create_tasks.
create function created_new() returns smallint language sql immutable parallel safe return 0;
create function created_same() returns smallint language sql immutable parallel safe return 1;
create function created_other_definition() returns smallint language sql immutable parallel safe return 2;
create function created_other_scheduler() returns smallint language sql immutable parallel safe return 3;
create function created_group_sealed() returns smallint language sql immutable parallel safe return 4;
create function created_missing_dependencies() returns smallint language sql immutable parallel safe return 5;
create function created_expiring_dependencies() returns smallint language sql immutable parallel safe return 6;

-- task.run_id of a task without runs, below every run.
create function no_run() returns smallint language sql immutable parallel safe return -1;
-- task_dependency.effective_from_run of a dependency that was satisfied when it was created, above every run.
create function satisfied_at_creation() returns smallint language sql immutable parallel safe return 32767;
-- The most runs a task can have.
create function max_runs() returns smallint language sql immutable parallel safe return 50;

-- First numbers of advisory locks: the second is the hash of a task group, or the shard of the outbox that a relay holds.
create function lock_task_group() returns integer language sql immutable parallel safe return 1;
create function lock_outbox_shard() returns integer language sql immutable parallel safe return 2;
