//! The queue's stored functions, one Rust function each. `db/functions.md` lists them.

mod claims;
mod commands;
mod create;
mod explain;
mod groups;
mod notes;
mod overview;
mod reads;
mod repairs;
mod reports;
mod result;
mod snapshot;
mod sweeps;
mod workers;

pub use claims::{ClaimBatch, Claimer, ReclaimBatch};
#[cfg(test)]
pub(crate) use create::code::ALL as CREATED_CODES;
pub(crate) use create::read_created;
pub use create::{CreateBatch, Created, GraphRow, NewTaskRow};
pub use explain::{DependencyRow, PositionRow, Undelivered, WorkerSeen, WorkersSeen};
pub use groups::GroupRow;
pub use notes::TaskNote;
pub use overview::{QueueStatsRow, RecentGroupRow};
pub use reads::{ClaimedRow, PendingRow};
pub use repairs::{Redelivery, UndeliveredClaim};
pub use reports::{ReportBatch, UploadExemptions};
pub use result::{NewlyPending, Outcome, TaskResult, TaskRow};
pub(crate) use result::{decode, read_status};
pub use snapshot::SnapshotRow;
pub use sweeps::{Repair, Swept};
pub(crate) use workers::read_worker;
pub use workers::{TaskQueueRow, WorkerNote, WorkerRow};
