//! A page of the log, as external messages.

use bus::Message;
use db::{Db, DbError, artifact::ArtifactKey, outbox::LoggedEvent};
use protocol::event::{Event, EventPayload, TaskChange, TaskEvent};

use crate::relay::Exchanges;

/// Names of artifacts that everybody may see begin so.
const PUBLIC: &str = "public/";

/// Positions read in one call.
const LENGTH: i32 = 500;

/// All messages behind `after` and up to `until`.
#[derive(Debug)]
pub(super) struct Page {
    pub after: i64,
    pub until: i64,
    pub entries: Vec<PageEntry>,
}

/// A message and its position in the log.
#[derive(Debug)]
pub(super) struct PageEntry {
    pub position: i64,
    pub message: Message,
    /// What it names, where not every follower may see that.
    pub guarded: Option<Guarded>,
}

/// Something that the API shows only to those who hold a scope for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guarded {
    /// An artifact that is not public.
    Artifact(ArtifactKey),
    Client(String),
    Role(String),
}

impl Page {
    /// What follows in the log; a page that ends where it begins: there is nothing yet.
    pub(super) async fn read(db: &Db, exchanges: &Exchanges, after: i64) -> Result<Self, DbError> {
        let page = db.events_after(after, None, LENGTH).await?;
        let entry = |logged: &LoggedEvent| {
            let message = exchanges.external_message(&logged.event)?;
            Some(PageEntry { position: logged.position, message, guarded: guarded(&logged.event) })
        };
        Ok(Self { after, until: page.position, entries: page.events.iter().filter_map(entry).collect() })
    }

    /// Says where the log ends, and nothing of what is in it.
    pub(super) const fn end(position: i64) -> Self {
        Self { after: position, until: position, entries: Vec::new() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.until == self.after
    }
}

fn guarded(event: &Event) -> Option<Guarded> {
    match &event.payload {
        EventPayload::Task(task) => private_artifact(task).map(Guarded::Artifact),
        // Whoever declares an exchange publishes to all who may read the broker's external exchanges.
        EventPayload::Group(_) | EventPayload::Service(_) => None,
        EventPayload::Client(client) => Some(Guarded::Client(client.client_id.clone())),
        EventPayload::Role(role) => Some(Guarded::Role(role.role_id.clone())),
    }
}

fn private_artifact(task: &TaskEvent) -> Option<ArtifactKey> {
    let TaskChange::ArtifactCreated { artifact, run_id, .. } = &task.change else { return None };
    let name = artifact.name.clone();
    (!name.starts_with(PUBLIC)).then_some(ArtifactKey { task_id: task.status.task_id, run_id: *run_id, name })
}
