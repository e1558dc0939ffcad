//! Built-in workers: they carry out tasks that need no machine.
//!
//! Owns: the runs that it has claimed; nothing that the queue does not know.
//! Woken by: the commit that makes a task of its task queues pending, through `claimWork`.
//! Emits: what resolving a run emits.
//!
//! They claim and report as any worker does, through the queue of whichever process runs it. What a process that is killed has claimed
//! expires with its claim and is given to another one.

mod keeper;
mod task;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;

use base::{Clock, Rng};
use protocol::id::TaskQueueId;

use crate::{
    kit::{Child, Schedule},
    queue::Queue,
};
use keeper::{KEEP, Keeper};

/// What the built-in workers work with.
#[derive(Clone)]
pub struct BuiltIn {
    pub queue: Queue,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
}

/// The task queues, and what their tasks do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing; they complete.
    Succeed,
    /// Nothing; they fail.
    Fail,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Succeed, Self::Fail];

    fn task_queue_id(self) -> TaskQueueId {
        let name = match self {
            Self::Succeed => "built-in/succeed",
            Self::Fail => "built-in/fail",
        };
        TaskQueueId(name.to_owned())
    }
}

impl BuiltIn {
    /// The actor, to be supervised. Several processes may run one.
    pub fn workers(&self) -> Child {
        let built_in = self.clone();
        let make = move |_: &_| Keeper::new(built_in.clone());
        Schedule::every(KEEP, self.rng.branch("keep")).child("built-in/workers", make).0
    }
}
