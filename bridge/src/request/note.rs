//! A note about the task for `drover explain`: where its build is, and why it waits.

use db::{
    bridge::{BridgeState, Intent},
    queue::TaskNote,
};

use super::RequestReconciler;
use crate::{
    builders::WaitReason,
    driver::{BuildResult, Holds},
};

const SOURCE: &str = "buildbot";
/// The state of a build that waits for its locks.
const LOCKS: &str = "acquiring locks";

impl RequestReconciler<'_> {
    /// Nothing depends on the note.
    pub(super) async fn write_note(&self) {
        let note = TaskNote {
            source: SOURCE.to_owned(),
            kind: self.kind().to_owned(),
            message: self.message(),
            at: self.master.now(),
        };
        if let Err(error) = self.master.db.set_task_note(self.row.task_id(), &note).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "cannot write the note of a task");
        }
    }

    const fn kind(&self) -> &'static str {
        match (self.row.state, self.row.intent) {
            (BridgeState::Resolved, _) => "over",
            (_, Intent::Cancel) => "cancels",
            (BridgeState::PendingCreate | BridgeState::Created, _) => "waits",
            (BridgeState::Running, _) => "builds",
            (BridgeState::Finished, _) => "ends",
        }
    }

    /// Of an error only what the row has: the whole response of a master or a proxy might hold secrets.
    fn message(&self) -> String {
        let place = self.place();
        let result = self.row.result.and_then(|number| BuildResult::from_number(number.into()));
        let end = result.map_or("as lost".to_owned(), |result| format!("as {result}"));
        let mut message = match (self.row.state, self.row.intent) {
            (BridgeState::Resolved, Intent::Run) if result.is_some() => {
                format!("was built at {place}, which ended {end}")
            }
            (BridgeState::Resolved, _) => format!("needs nothing more at {place}"),
            (_, Intent::Cancel) => format!("is being cancelled at {place}"),
            (BridgeState::PendingCreate, _) => format!("waits until {place} accepts it"),
            (BridgeState::Created, _) => self.waits_at(&place),
            (BridgeState::Running, _) if self.build().is_some_and(|build| build.state == LOCKS) => {
                format!("has its build at {place}, which waits for a lock that another build holds")
            }
            (BridgeState::Running, _) => format!("is built at {place}"),
            (BridgeState::Finished, _) => format!("ended {end} at {place}; its logs and files are being stored"),
        };
        if let Some(error) = &self.row.error {
            message.push_str("; it cannot go on just now: ");
            message.push_str(error);
        }
        message
    }

    /// The reason, as far as the master says.
    fn waits_at(&self, place: &str) -> String {
        let builder = self.row.builder.as_deref().unwrap_or_default();
        let why = match self.master.builders.wait_reason(builder) {
            _ if self.master.driver.is_open() => return format!("waits at {place}, which does not answer"),
            Some(WaitReason::Removed) => return format!("waits at {place}"),
            Some(WaitReason::NoWorker) => ": no worker of the builder is connected",
            Some(WaitReason::Held(Holds::Busy)) => ": all workers of the builder are busy or paused",
            Some(WaitReason::Held(Holds::Lock)) => ": another build holds a lock that the builder needs",
            Some(WaitReason::Queued) | None => " for a worker of the builder",
        };
        let hanging = self.master.builders.hanging(builder);
        let hanging = hanging.first().map(|build| {
            format!("; build {build} of the builder was cancelled before it began, and blocks a worker until the master is restarted")
        });
        format!("waits at {place}{why}{}", hanging.unwrap_or_default())
    }

    fn place(&self) -> String {
        let mut place = format!("Buildbot master {}", self.master.name());
        let parts = [
            self.row.builder.as_ref().map(|builder| format!(", builder {builder}")),
            self.row.request_id.map(|request| format!(", request {request}")),
            self.row.build_number.map(|number| format!(", build {number}")),
        ];
        parts.into_iter().flatten().for_each(|part| place.push_str(&part));
        place
    }
}
