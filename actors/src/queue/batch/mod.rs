//! The batched operations: hot statements, of which many callers share one database call.
//!
//! Every call locks the tasks that it names in the order of their ids, and names none twice: two calls of one operation
//! wait for each other. A deadlock with another statement ends with one more attempt.

mod create;
mod read;
mod reclaim;
mod report;
mod shared;

pub(super) use create::{CreateTasks, NewTaskRequest};
pub(super) use read::{ReadRequest, ReadTasks};
pub(super) use reclaim::{ReclaimRequest, ReclaimRuns};
pub(super) use report::{ReportRuns, RunReport};
pub(super) use shared::{reply_unavailable, wait};
