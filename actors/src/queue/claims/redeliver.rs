//! Delivers claims once more whose first answer did not reach their worker.

use db::{DbError, queue::Redelivery};
use protocol::id::{RunId, TaskId};

use super::{ClaimOperation, delivery::Undelivered, wait_queue::WorkerKey};
use crate::queue::{claim_run::claim_run, types::Claim};

/// What comes of delivering a claim once more.
pub(super) enum Redelivered {
    Delivered(Box<Claim>),
    /// Another process did so a moment ago.
    JustBefore,
    /// There is nothing to deliver any more.
    Over,
}

impl ClaimOperation {
    /// What a worker that asks for `count` tasks holds and was never delivered, as far as is known.
    pub(in crate::queue) async fn redeliver(&self, key: &WorkerKey, count: u16) -> Vec<Claim> {
        let claims = self.redeliver_kept(key).await;
        if claims.is_empty() { self.redeliver_unanswered(key, count).await } else { claims }
    }

    /// What this process could not deliver, as far as the worker still holds it.
    async fn redeliver_kept(&self, key: &WorkerKey) -> Vec<Claim> {
        let mut undelivered = Undelivered::of(&self.wait_queue, key);
        let (mut claims, mut left) = (Vec::new(), Vec::new());
        while let Some(&run) = undelivered.runs.last() {
            match self.redeliver_run(key, run).await {
                Ok(Redelivered::Delivered(claim)) => claims.push(*claim),
                Ok(Redelivered::JustBefore) => left.push(run),
                Ok(Redelivered::Over) => {}
                Err(_) => break,
            }
            undelivered.runs.pop();
        }
        undelivered.runs.extend(left);
        claims
    }

    /// Claims of which this worker cannot know.
    pub(super) async fn redeliver_unanswered(&self, key: &WorkerKey, count: u16) -> Vec<Claim> {
        let mut claims = Vec::new();
        for unanswered in self.unanswered.take(key, count.into()) {
            match self.redeliver_run(key, (unanswered.task_id, unanswered.run_id)).await {
                Ok(Redelivered::Delivered(claim)) => claims.push(*claim),
                // Should that be lost too, a later look finds it.
                Ok(Redelivered::JustBefore | Redelivered::Over) => {}
                Err(_) => self.unanswered.add(unanswered),
            }
        }
        claims
    }

    /// A claim that the worker holds and does not know of. It is reserved for a few seconds, so that only one process
    /// delivers it again, and recorded when it is handed out as every claim is: until then this answer may be lost like
    /// the first.
    async fn redeliver_run(&self, key: &WorkerKey, run: (TaskId, RunId)) -> Result<Redelivered, DbError> {
        let (now, (task_id, run_id)) = (self.clock.now(), run);
        let reserved = self.db.redeliver_claim(key, run, now).await.inspect_err(|error| {
            let error = error as &dyn std::error::Error;
            tracing::warn!(task.id = %task_id, error, "cannot redeliver claim");
        })?;
        match reserved {
            Redelivery::Now => {}
            Redelivery::JustBefore => return Ok(Redelivered::JustBefore),
            Redelivery::Over => return Ok(Redelivered::Over),
        }
        match claim_run(&self.db, task_id, run_id, &key.1, now + self.claim_timeout, now).await {
            Ok((claim, _)) => {
                tracing::info!(task.id = %task_id, worker.id = key.1.worker_id, "claim redelivered");
                Ok(Redelivered::Delivered(Box::new(claim)))
            }
            Err(error) => {
                tracing::info!(task.id = %task_id, %error, "undelivered claim is over");
                Ok(Redelivered::Over)
            }
        }
    }
}
