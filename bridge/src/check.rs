//! Checks a group of requests: reads what the queue and the master have of them together, then reconciles each that changed.

use std::collections::HashMap;

use db::bridge::{BridgeRequest, BridgeState, Intent};
use futures_util::{StreamExt, stream};
use protocol::id::{RunId, TaskId};

use crate::{
    master::Master,
    queue_client::RunOwnership,
    request::{KnownRequest, RequestReconciler},
    snapshot::Snapshot,
};

/// Requests of one group that are reconciled at the same time. The driver limits the calls to the master.
const CONCURRENCY: usize = 16;

/// `done` is called with the id of each row that is through. The future may be dropped at any point: every call is safe to repeat, and
/// what was not finished is still due.
pub(crate) async fn check_requests(master: &Master, rows: Vec<BridgeRequest>, done: impl Fn(i64)) {
    let started = tokio::time::Instant::now();
    let (ownerships, snapshot) = tokio::join!(run_ownerships(master, &rows), Snapshot::read(master, &rows));
    let (mut unchanged, mut changed) = (Vec::new(), Vec::new());
    for mut row in rows {
        let ownership = ownerships.get(&row.id).copied();
        match &snapshot {
            Some(snapshot) if ownership.is_none_or(is_expected) && snapshot.is_unchanged(master, &row) => {
                row.next_check = master.earliest_check(&row, master.next_check());
                unchanged.push(row);
            }
            _ => {
                let known = snapshot.as_ref().map_or(KnownRequest::Unknown, |snapshot| snapshot.request(&row));
                changed.push(RequestReconciler::new(master, row, known, ownership));
            }
        }
    }
    if let Err(error) = master.db.bridge_checked(&unchanged, master.now()).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "cannot store the checks of unchanged builds");
    }
    for row in &unchanged {
        done(row.id);
    }
    let reconciled = stream::iter(changed).for_each_concurrent(CONCURRENCY, |request| async {
        let id = request.id();
        request.run().await;
        done(id);
    });
    reconciled.await;
    master.metrics.record_check(master.name(), started.elapsed());
}

/// The state of the runs that wait for a build, by row, so that a lost event of the queue does no harm. Rows that the queue did not
/// answer about are left out.
async fn run_ownerships(master: &Master, rows: &[BridgeRequest]) -> HashMap<i64, RunOwnership> {
    let waits = |row: &&BridgeRequest| {
        row.intent == Intent::Run && matches!(row.state, BridgeState::Created | BridgeState::Running)
    };
    let waiting: Vec<&BridgeRequest> = rows.iter().filter(waits).collect();
    if waiting.is_empty() {
        return HashMap::new();
    }
    let runs: Vec<(TaskId, RunId)> = waiting.iter().map(|row| (row.task_id(), row.run_id)).collect();
    match master.queue.ownerships(&runs).await {
        Ok(ownerships) => waiting.iter().map(|row| row.id).zip(ownerships).collect(),
        Err(error) => {
            tracing::debug!(%error, "cannot read the status of the tasks of builds");
            HashMap::new()
        }
    }
}

/// The run is in the state that the row says, or will be in it once a build has begun.
const fn is_expected(ownership: RunOwnership) -> bool {
    matches!(ownership, RunOwnership::Pending | RunOwnership::Claimed(_))
}
