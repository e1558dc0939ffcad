//! Cancels requests and stops builds through the self-serve service, which finds them by their branch.

use std::sync::PoisonError;

use super::{ClassicMaster, control::CancelTarget};
use crate::driver::{BuildId, DriverError, DriverResult, MasterDriver, RequestId};

/// How many cancelled requests of shared builds are remembered.
const MAX_ENTRIES: usize = 10_000;

/// Stops its build, unless other requests share it; cancels a request without a build.
pub(super) async fn request(master: &ClassicMaster, request: RequestId) -> DriverResult<()> {
    let Some(found) = master.requests(&[request]).await?.pop() else { return Ok(()) };
    if found.result.is_some() {
        return Ok(());
    }
    let running = master.builds(request).await?.into_iter().rfind(|build| build.result.is_none());
    match running {
        Some(running) => stop(master, request, running.id).await,
        None => master.control.delete(&branch(master, request).await?, CancelTarget::Request(request.0)).await,
    }
}

pub(super) async fn build(master: &ClassicMaster, build: BuildId) -> DriverResult<()> {
    match master.db.build(build.0).await? {
        Some(row) if row.finish_time.is_none() => stop(master, RequestId(row.request_id), build).await,
        _ => Ok(()),
    }
}

/// The master merges similar requests into one build. It is stopped once all of them are cancelled.
async fn stop(master: &ClassicMaster, request: RequestId, build: BuildId) -> DriverResult<()> {
    let others = waiting(master, request.0, master.db.sharers(build.0).await?);
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(i64::to_string).collect();
        return Err(DriverError::Refused(format!(
            "its build also serves the requests {}, so it is not stopped",
            others.join(", ")
        )));
    }
    master.control.delete(&branch(master, request).await?, CancelTarget::Build(build.0)).await
}

/// Those of the others that are not cancelled. Cancels from before a restart are repeated soon.
fn waiting(master: &ClassicMaster, request: i64, mut others: Vec<i64>) -> Vec<i64> {
    let mut cancelled = master.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
    if others.is_empty() {
        cancelled.remove(&request);
        return others;
    }
    cancelled.insert(request);
    others.retain(|other| !cancelled.contains(other));
    if cancelled.len() > MAX_ENTRIES {
        cancelled.pop_first();
    }
    others
}

async fn branch(master: &ClassicMaster, request: RequestId) -> DriverResult<String> {
    let branch = master.db.branch(request.0).await?.flatten().filter(|branch| !branch.is_empty());
    branch.ok_or_else(|| {
        DriverError::Refused(format!("request {request} has no branch, without which self-serve cannot cancel it"))
    })
}
