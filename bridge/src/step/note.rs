//! One line for people who ask why a task waits.

use db::{
    bridge::{BridgeState, Wanted},
    queue::TaskNote,
};

use super::Step;
use crate::{
    builders::Waits,
    driver::{BuildResult, Holds},
};

const SOURCE: &str = "buildbot";
/// The state of a build that waits for its locks.
const LOCKS: &str = "acquiring locks";

impl Step<'_> {
    /// Leaves the line. That it could not be left harms nothing.
    pub(super) async fn note(&self) {
        let note = TaskNote {
            source: SOURCE.to_owned(),
            kind: self.kind().to_owned(),
            words: self.words(),
            at: self.master.now(),
        };
        if let Err(error) = self.master.db.set_task_note(self.row.task_id(), &note).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a note about a build's task was not left");
        }
    }

    const fn kind(&self) -> &'static str {
        match (self.row.state, self.row.wanted) {
            (BridgeState::Resolved, _) => "over",
            (_, Wanted::Cancel) => "cancels",
            (BridgeState::Wanted | BridgeState::Created, _) => "waits",
            (BridgeState::Running, _) => "builds",
            (BridgeState::Finished, _) => "ends",
        }
    }

    /// Never what the master or a proxy said by way of an error in full: only what the row remembers of it.
    fn words(&self) -> String {
        let place = self.place();
        let result = self.row.result.and_then(|number| BuildResult::from_number(number.into()));
        let end = result.map_or("as lost".to_owned(), |result| format!("as {result}"));
        let mut words = match (self.row.state, self.row.wanted) {
            (BridgeState::Resolved, Wanted::Run) if result.is_some() => {
                format!("was built at {place}, which ended {end}")
            }
            (BridgeState::Resolved, _) => format!("needs nothing more at {place}"),
            (_, Wanted::Cancel) => format!("is being cancelled at {place}"),
            (BridgeState::Wanted, _) => format!("waits until {place} accepts it"),
            (BridgeState::Created, _) => self.waits_at(&place),
            (BridgeState::Running, _) if self.build().is_some_and(|build| build.state == LOCKS) => {
                format!("has its build at {place}, which waits for a lock that another build holds")
            }
            (BridgeState::Running, _) => format!("is built at {place}"),
            (BridgeState::Finished, _) => format!("ended {end} at {place}; its logs and files are being stored"),
        };
        if let Some(error) = &self.row.error {
            words.push_str("; it cannot go on just now: ");
            words.push_str(error);
        }
        words
    }

    /// The true reason, as far as the master tells it.
    fn waits_at(&self, place: &str) -> String {
        let builder = self.row.builder.as_deref().unwrap_or_default();
        let why = match self.master.builders.waits(builder) {
            _ if self.master.driver.is_out() => return format!("waits at {place}, which does not answer"),
            Some(Waits::Gone) => return format!("waits at {place}"),
            Some(Waits::NoWorker) => ": no worker of the builder is connected",
            Some(Waits::Held(Holds::Busy)) => ": all workers of the builder are busy or paused",
            Some(Waits::Held(Holds::Lock)) => ": another build holds a lock that the builder needs",
            Some(Waits::Turn) | None => " for a worker of the builder",
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
