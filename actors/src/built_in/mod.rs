//! Built-in workers: they carry out tasks that need no machine: those that only succeed or fail, and actions on other tasks.
//!
//! Owns: the runs that it has claimed; nothing that the queue does not know.
//! Woken by: the commit that makes a task of its task queues pending, through `claimWork`.
//! Emits: what resolving a run emits, and what actions do to other tasks.
//!
//! They claim and report as any worker does, through the queue of whichever process runs it. What a process that is killed has claimed
//! expires with its claim and is given to another one.

mod action;
mod keeper;
mod large_files;
mod task;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;

use base::{Clock, Rng};
use protocol::id::TaskQueueId;

use crate::{
    artifacts::Artifacts,
    auth::{Auth, Clients},
    index::Index,
    kit::{Child, Schedule},
    queue::{Queue, TaskLimits},
};
use keeper::{KEEP, Keeper};
pub use large_files::LargeFiles;

/// What the built-in workers work with.
#[derive(Clone)]
pub struct BuiltIn {
    pub queue: Queue,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
}

/// What actions work with besides.
#[derive(Clone)]
pub struct Actions {
    pub built_in: BuiltIn,
    /// Where they leave their results.
    pub artifacts: Artifacts,
    /// Knows the roles that decide what an action may do.
    pub clients: Clients,
    /// What keeps that copy up to date; `None`: it is all there is.
    pub auth: Option<Auth>,
    /// Knows the pushes before one.
    pub index: Index,
    /// Of the tasks that they make.
    pub limits: TaskLimits,
    /// Where clients reach this installation, without a slash at the end.
    pub root_url: String,
    pub large_files: LargeFiles,
}

/// The task queues, and what their tasks do.
#[derive(Clone)]
enum Kind {
    /// Nothing; they complete.
    Succeed,
    /// Nothing; they fail.
    Fail,
    /// Something to other tasks.
    Action(Arc<Actions>),
}

impl Kind {
    fn task_queue_id(&self) -> TaskQueueId {
        let name = match self {
            Self::Succeed => "built-in/succeed",
            Self::Fail => "built-in/fail",
            Self::Action(_) => "built-in/action",
        };
        TaskQueueId(name.to_owned())
    }
}

impl BuiltIn {
    /// The actor for tasks that only succeed or fail, to be supervised. Several processes may run one.
    pub fn workers(&self) -> Child {
        self.keep("built-in/workers", [Kind::Succeed, Kind::Fail].to_vec())
    }

    fn keep(&self, name: &str, kinds: Vec<Kind>) -> Child {
        let built_in = self.clone();
        let make = move |_: &_| Keeper::new(built_in.clone(), kinds.clone());
        Schedule::every(KEEP, self.rng.branch(name)).child(name, make).0
    }
}

impl Actions {
    /// The actor for actions, to be supervised. Several processes may run one.
    pub fn worker(&self) -> Child {
        self.built_in.keep("built-in/actions", vec![Kind::Action(Arc::new(self.clone()))])
    }
}
