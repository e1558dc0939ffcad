//! Ending requests and builds by way of the self-serve service, which knows them by their branch.

use super::{ClassicMaster, control::Doomed};
use crate::driver::{Answer, BuildId, DriverError, MasterDriver, RequestId};

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

/// The master merges requests that are alike into one build. Nobody takes it from the others.
async fn stop(master: &ClassicMaster, request: RequestId, build: BuildId) -> Answer<()> {
    let others = master.db.sharers(build.0).await?;
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(i64::to_string).collect();
        return Err(DriverError::Refused(format!(
            "its build also serves the requests {}, so it is not stopped",
            others.join(", ")
        )));
    }
    master.control.delete(&branch(master, request).await?, Doomed::Build(build.0)).await
}

async fn branch(master: &ClassicMaster, request: RequestId) -> Answer<String> {
    let branch = master.db.branch(request.0).await?.flatten().filter(|branch| !branch.is_empty());
    branch.ok_or_else(|| {
        DriverError::Refused(format!("request {request} has no branch, without which self-serve cannot cancel it"))
    })
}
