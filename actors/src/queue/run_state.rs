//! The state of a run, as the errors about it say it.

use protocol::{
    id::RunId,
    state::{ReasonResolved, TaskState},
    status::TaskStatus,
};

pub(super) fn run_state(status: &TaskStatus, run_id: RunId) -> String {
    status.run(run_id).map_or_else(|| "missing".to_owned(), |run| described(run.state, run.reason_resolved))
}

/// A reason that is the state said once more is left out.
pub(super) fn described(state: TaskState, reason: Option<ReasonResolved>) -> String {
    match reason {
        Some(reason) if reason.as_str() != state.as_str() => format!("{state} ({reason})"),
        _ => state.to_string(),
    }
}
