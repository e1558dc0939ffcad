//! States that the database keeps.

use crate::state::words;

words! {
    /// What became of a delivery.
    DeliveryState {
        Waiting = 0 "waiting",
        Done = 1 "done",
        /// Nothing was to be done.
        Ignored = 2 "ignored",
        /// It was given up, or cannot be carried out.
        Failed = 3 "failed",
    }
}

words! {
    /// Where a build is.
    BuildState {
        Pending = 0 "pending",
        Success = 1 "success",
        Error = 2 "error",
        Failed = 3 "failure",
        Cancelled = 4 "cancelled",
    }
}

words! {
    /// What a report is on GitHub's side.
    ReportKind {
        /// A check run for a task.
        Check = 0 "check",
        /// A commit status for a group.
        Status = 1 "status",
        /// A comment on a commit or a pull request.
        Comment = 2 "comment",
    }
}
