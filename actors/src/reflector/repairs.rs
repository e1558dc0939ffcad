//! Repairs what is inconsistent. Nothing of this should ever be found: each repair is counted and logged as an error, since
//! something else is wrong then.

use base::telemetry::{Counter, Label};
use chrono::TimeDelta;
use db::{DbError, queue::Repair};
use protocol::time::Timestamp;

use super::{ROWS, Reflector};

/// What has only just happened is not checked: the actor that follows it up may be about to do so.
const GRACE: TimeDelta = TimeDelta::minutes(1);
/// How far a first check goes back.
const FIRST_CHECK: TimeDelta = TimeDelta::hours(1);
/// Events that wait longer in the outbox are reported.
const SLOW_EVENTS: TimeDelta = TimeDelta::minutes(1);

/// Counts repairs, by problem.
#[derive(Clone, Debug)]
pub(super) struct Repairs(Counter);

impl Default for Repairs {
    fn default() -> Self {
        Self(Counter::new("reflector", "drover.repairs", "{fault}", "Inconsistencies that were repaired"))
    }
}

impl Repairs {
    pub(super) fn count(&self, fault: &str, count: usize) {
        self.0.add(count, &[Label::new("fault", fault.to_owned())]);
    }
}

impl Reflector {
    /// All checks. Each is a transaction of its own, and one that fails does not prevent the others.
    pub(super) async fn repair(&self, now: Timestamp) -> Result<bool, DbError> {
        let tasks = self.db.repair_tasks(ROWS, now).await.map(|repairs| self.repaired(&repairs));
        let claims = self.db.repair_claims(ROWS).await.map(|repairs| self.repaired(&repairs));
        let blocked = self.blocked(now).await;
        let groups = self.groups(now).await;
        let index = self.index_entries(now).await;
        let outbox = self.outbox(now).await;
        let full = tasks? || claims?;
        blocked?;
        groups?;
        index?;
        outbox?;
        Ok(full)
    }

    /// True: there may be more.
    fn repaired(&self, repairs: &[Repair]) -> bool {
        for repair in repairs {
            self.repairs.count(&repair.problem, 1);
            tracing::error!(task.id = %repair.task_id, problem = repair.problem, "inconsistent task repaired");
            (self.notifications.claims)(&repair.task_queue_id, 1);
        }
        if !repairs.is_empty() {
            self.notifications.relay.notify();
        }
        i32::try_from(repairs.len()) == Ok(ROWS)
    }

    /// Tasks that wait for dependencies which were resolved.
    async fn blocked(&self, now: Timestamp) -> Result<(), DbError> {
        let mut after = None;
        loop {
            let (repairs, next) = self.db.repair_blocked(after, ROWS, now).await?;
            self.repaired(&repairs);
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// Groups whose `task-group-resolved` was never emitted.
    async fn groups(&self, now: Timestamp) -> Result<(), DbError> {
        const MARK: &str = "repair-groups";
        let until = now - GRACE;
        let after = self.db.sweep_mark(MARK, now - FIRST_CHECK, None).await?;
        let groups = self.db.repair_groups(after, until, now).await?;
        for group in &groups {
            self.repairs.count("a resolved group without its event", 1);
            tracing::error!(group.id = %group, "resolved group without its event, it is checked again");
        }
        if !groups.is_empty() {
            self.notifications.scheduler.notify();
        }
        self.db.sweep_mark(MARK, after, Some(until)).await.map(drop)
    }

    /// Completed tasks that are missing in the index.
    async fn index_entries(&self, now: Timestamp) -> Result<(), DbError> {
        const MARK: &str = "repair-index";
        let until = now - GRACE;
        let mut after = self.db.sweep_mark(MARK, now - FIRST_CHECK, None).await?;
        loop {
            let tasks = self.db.completed_with_routes(after, until, ROWS).await?;
            let Some(&(_, last)) = tasks.last() else {
                return self.db.sweep_mark(MARK, after, Some(until)).await.map(drop);
            };
            let ids: Vec<_> = tasks.iter().map(|(id, _)| *id).collect();
            match self.index.repair(&ids).await {
                Ok(0) => {}
                Ok(entries) => {
                    self.repairs.count("a completed task missing in the index", entries);
                    tracing::error!(entries, "completed tasks were missing in the index and are inserted");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the index could not be compared with completed tasks");
                    return Ok(());
                }
            }
            // Tasks of one moment may be cut in two by a page; a moment that fills a page would be checked for ever.
            after = if tasks[0].1 < last { last - TimeDelta::milliseconds(1) } else { last };
            if i32::try_from(tasks.len()) != Ok(ROWS) {
                after = until;
            }
        }
    }

    /// Events that are not published. Whether there is a relay to notify is for an operator to see.
    async fn outbox(&self, now: Timestamp) -> Result<(), DbError> {
        for lag in self.db.outbox_lag().await? {
            let Some(age) = lag.oldest.map(|oldest| now - oldest).filter(|age| *age > SLOW_EVENTS) else { continue };
            self.repairs.count("events that wait in the outbox", 1);
            let (shard, events, seconds, relay) = (lag.shard, lag.waiting, age.num_seconds(), lag.held_by.is_some());
            tracing::error!(shard, events, seconds, relay, "events wait in the outbox, the relay is notified");
            self.notifications.relay.notify();
        }
        Ok(())
    }
}
