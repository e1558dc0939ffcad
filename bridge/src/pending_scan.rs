//! Scans the pending tasks of one master's task queue, so that a lost message does not leave a task without its build.
//!
//! Owns: nothing.
//! Woken by: a timer.
//! Emits: notifications to the reconciler.

use std::{sync::Arc, time::Duration};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};
use chrono::TimeDelta;
use db::bridge::PendingCreate;
use protocol::{task::TaskDefinition, time::Timestamp};

use crate::{reconciler::Shared, request::ReconcileError};

/// How often all pending tasks are read, and how often the clock is checked for that.
const INTERVAL: TimeDelta = TimeDelta::minutes(5);
const TIMER: Duration = Duration::from_secs(5);
const PAGE: i64 = 500;

pub(crate) struct PendingScan {
    shared: Arc<Shared>,
    reconciler: Notifier,
    next: Timestamp,
}

pub(crate) fn child(shared: Arc<Shared>, reconciler: Notifier) -> Child {
    let name = format!("bridge/{}/pending-scan", shared.master.name());
    let schedule = Schedule::every(TIMER, shared.master.rng.branch("pending-scan"));
    let make = move |_: &Notifier| {
        let next = shared.master.now();
        PendingScan { shared: shared.clone(), reconciler: reconciler.clone(), next }
    };
    schedule.child(&name, make).0
}

impl Periodic for PendingScan {
    type Error = ReconcileError;

    async fn run(&mut self) -> Result<Next, ReconcileError> {
        let now = self.shared.master.now();
        if self.next > now {
            return Ok(Next::IDLE);
        }
        let added = self.scan().await?;
        if added > 0 {
            let master = self.shared.master.name();
            tracing::info!(master, tasks = added, "pending tasks found that had no event");
            self.reconciler.notify();
        }
        self.next = now + INTERVAL;
        Ok(Next::DONE)
    }
}

impl PendingScan {
    async fn scan(&self) -> Result<i32, ReconcileError> {
        let master = &self.shared.master;
        let (mut after, mut added) = (None, 0);
        loop {
            let (tasks, next) = master.queue.pending(after, PAGE).await?;
            let creates = tasks.iter().filter_map(|pending| {
                let task: TaskDefinition = serde_json::from_str(&pending.task.0).ok()?;
                let TaskDefinition { deadline, expires, .. } = task;
                Some(PendingCreate { task_id: pending.task_id, run_id: pending.run_id, deadline, expires })
            });
            let creates: Vec<PendingCreate> = creates.collect();
            added += master.db.bridge_add_pending(master.name(), &creates, master.now()).await?;
            match next {
                Some(next) => after = Some(next),
                None => return Ok(added),
            }
        }
    }
}
