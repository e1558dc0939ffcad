//! The protocol of Taskcluster's worker-runner, which starts a worker as its child: lines of `~` and a JSON object on the worker's
//! standard input and output. Both say first what they are capable of, and use nothing else.
//! Any other line is text for a log.

mod connection;
mod lines;
mod message;

pub use connection::{Runner, RunnerError, RunnerSender};
pub use message::{Capability, RunnerMessage, WorkerMessage};
