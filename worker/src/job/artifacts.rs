//! Storing what the payload asks to keep.

use std::fs::File;

use protocol::{state::ReasonResolved, time::Timestamp};

use super::{Job, Outcome};
use crate::{
    artifact::{Absent, Found, Store, StoreError, content_type_of, find},
    payload::{ArtifactOrder, Payload},
    transfer::unwatched,
};

impl Job {
    pub(super) fn store(&self) -> Store {
        let (client, direct) = (self.hold.client(), self.hold.client());
        let (task_id, run_id) = (self.claim.status.task_id, self.claim.run_id);
        Store { client, direct, task_id, run_id, progress: unwatched() }
    }

    /// Stores all that is there. What is missing makes a task fail, but not the storing of the rest.
    pub(super) async fn store_artifacts(&self, payload: &Payload, outcome: Outcome) -> Outcome {
        let mut result = outcome;
        for order in &payload.artifacts {
            let judged = match find(self.directory.files(), order) {
                Ok(found) => self.store_found(order, found).await,
                Err(absent) => self.store_absence(order, order.name(), &absent).await,
            };
            if let Err(worse) = judged {
                result = worse;
            }
        }
        result
    }

    async fn store_found(&self, order: &ArtifactOrder, found: Vec<Found>) -> Result<(), Outcome> {
        let mut judged = Ok(());
        for found in found {
            let stored = match found.open(self.directory.files()) {
                Ok(Some(file)) => self.store_file(order, &found.name, file).await,
                Ok(None) => Ok(()),
                Err(absent) => self.store_absence(order, &found.name, &absent).await,
            };
            judged = judged.and(stored);
        }
        judged
    }

    async fn store_file(&self, order: &ArtifactOrder, name: &str, file: File) -> Result<(), Outcome> {
        let content_type = order.content_type.as_deref().unwrap_or_else(|| content_type_of(name));
        match self.store().object(name, file, content_type, self.expiry(order)).await {
            Ok(file) => {
                self.log.say(format!("stored artifact {name} ({} bytes)", file.size));
                Ok(())
            }
            Err(error) => Err(self.not_stored(name, &error)),
        }
    }

    /// An optional one may be missing, but what leads out of the task directory is told of in any case.
    async fn store_absence(&self, order: &ArtifactOrder, name: &str, absent: &Absent) -> Result<(), Outcome> {
        if order.optional && absent.reason == "file-missing-on-worker" {
            return Ok(());
        }
        self.log.say(format!("artifact {name} is missing: {}", absent.message));
        match self.store().absence(name, absent, self.expiry(order)).await {
            Ok(()) if order.optional => Ok(()),
            Ok(()) => Err(Outcome::Failed),
            Err(error) => Err(self.not_stored(name, &error)),
        }
    }

    fn not_stored(&self, name: &str, error: &StoreError) -> Outcome {
        self.log.say(format!("artifact {name} could not be stored: {}", error.in_full()));
        let malformed = error.blames_payload();
        Outcome::Exception(if malformed { ReasonResolved::MalformedPayload } else { ReasonResolved::IntermittentTask })
    }

    fn expiry(&self, order: &ArtifactOrder) -> Timestamp {
        order.expires.unwrap_or(self.claim.task.expires)
    }
}
