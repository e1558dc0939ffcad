//! Ending requests and builds by way of the self-serve service, which knows them by their branch.

use std::sync::PoisonError;

use super::{ClassicMaster, control::Doomed};
use crate::driver::{Answer, BuildId, DriverError, MasterDriver, RequestId};

/// How many requests are remembered that were to be cancelled, and could not be.
const MOST: usize = 10_000;

/// A build of it is stopped, unless others wait for it too; a request that waits is taken back.
pub(super) async fn request(master: &ClassicMaster, request: RequestId) -> Answer<()> {
    let Some(found) = master.requests(&[request]).await?.pop() else { return Ok(()) };
    if found.result.is_some() {
        return Ok(());
    }
    let running = master.builds(request).await?.into_iter().rfind(|build| build.result.is_none());
    match running {
        Some(running) => stop(master, request, running.id).await,
        None => master.control.delete(&branch(master, request).await?, Doomed::Request(request.0)).await,
    }
}

pub(super) async fn build(master: &ClassicMaster, build: BuildId) -> Answer<()> {
    match master.db.build(build.0).await? {
        Some(row) if row.finish_time.is_none() => stop(master, RequestId(row.request_id), build).await,
        _ => Ok(()),
    }
}

/// The master merges requests that are alike into one build. It is stopped once nobody waits for any of them.
async fn stop(master: &ClassicMaster, request: RequestId, build: BuildId) -> Answer<()> {
    let others = waiting(master, request.0, master.db.sharers(build.0).await?);
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(i64::to_string).collect();
        return Err(DriverError::Refused(format!(
            "its build also serves the requests {}, so it is not stopped",
            others.join(", ")
        )));
    }
    master.control.delete(&branch(master, request).await?, Doomed::Build(build.0)).await
}

/// Those of the others that nobody has asked to cancel. What was asked before a restart is asked again soon.
fn waiting(master: &ClassicMaster, request: i64, mut others: Vec<i64>) -> Vec<i64> {
    let mut unwanted = master.unwanted.lock().unwrap_or_else(PoisonError::into_inner);
    if others.is_empty() {
        unwanted.remove(&request);
        return others;
    }
    unwanted.insert(request);
    others.retain(|other| !unwanted.contains(other));
    if unwanted.len() > MOST {
        unwanted.pop_first();
    }
    others
}

async fn branch(master: &ClassicMaster, request: RequestId) -> Answer<String> {
    let branch = master.db.branch(request.0).await?.flatten().filter(|branch| !branch.is_empty());
    branch.ok_or_else(|| {
        DriverError::Refused(format!("request {request} has no branch, without which self-serve cannot cancel it"))
    })
}
