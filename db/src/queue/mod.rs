//! The queue's stored functions, one Rust function each. `db/functions.md` lists them.

mod answer;
mod claims;
mod commands;
mod create;
mod explain;
mod groups;
mod notes;
mod reads;
mod repairs;
mod reports;
mod sweeps;
mod workers;

pub use answer::{Outcome, TaskAnswer, TaskRow, Woken};
pub(crate) use answer::{StoredRun, decode, runs};
pub use claims::{ClaimBatch, Claimer, ReclaimBatch};
pub use create::{CreateBatch, Created, GraphRow, NewTaskRow};
pub use explain::{EdgeRow, PositionRow, Undelivered, WorkerSeen, WorkersSeen};
pub use groups::GroupRow;
pub use notes::TaskNote;
pub use reads::{ClaimedRow, PendingRow};
pub use repairs::{GivenAgain, UnansweredClaim};
pub use reports::{ReportBatch, UploadExemptions};
pub use sweeps::{Repair, Swept};
pub use workers::{TaskQueueRow, WorkerNote, WorkerRow};
