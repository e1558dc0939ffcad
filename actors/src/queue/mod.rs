//! The queue: the one place where a task changes state.
//!
//! Owns: tasks and runs, in the database; in memory only the claims that wait (`claims/wait_queue.rs`).
//! Woken by: requests of the API and the bridge, of this process or another (`rpc_handler.rs`); its own timers.
//! Emits: `task-*` and `task-group-*` events, through the outbox.
//!
//! A method is declared in `queue.proto`. Its work is `LocalQueue::<method>`, in the file of its name; `build.rs` makes the
//! rest (`methods.rs`).

mod batch;
mod cancel_task;
mod change_priority;
mod claim_run;
mod claim_task;
mod claim_work;
mod claims;
mod create_graph;
mod create_task;
mod credentials_size;
mod cycle;
mod error;
mod explain;
mod list;
mod local;
mod methods;
mod new_task;
mod read_task;
mod reclaim_task;
mod remote;
mod report_run;
mod rpc_error;
mod rpc_handler;
#[cfg(test)]
mod rpc_tests;
mod run_state;
mod schedule_task;
mod service;
mod settings;
mod start;
mod stored;
mod task_group;
mod task_queues;
mod task_request;
#[cfg(test)]
pub(crate) mod tests;
pub mod types;
mod worker_records;
mod workers;

pub use cycle::find_cycle;
pub use error::QueueError;
pub use service::Queue;
pub use settings::{QueueSettings, TaskLimits};
pub use start::{connect, start};
pub use task_request::{TaskRequest, TaskRequestError};
pub use types::Report;
