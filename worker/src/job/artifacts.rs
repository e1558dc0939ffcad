//! Storing what the payload asks to keep.

use std::fs::File;

use protocol::{state::ReasonResolved, time::Timestamp};

use super::{Job, Outcome};
use crate::{
    artifact::{Found, MissingArtifact, Store, StoreError, content_type_of, find},
    payload::{ArtifactSpec, Payload},
    transfer::no_progress,
};

impl Job {
    pub(super) fn store(&self) -> Store {
        let (client, direct) = (self.claim_keeper.client(), self.claim_keeper.client());
        let (task_id, run_id) = (self.claim.status.task_id, self.claim.run_id);
        Store { client, direct, task_id, run_id, progress: no_progress() }
    }

    /// Stores all that is there. What is missing makes a task fail, but not the storing of the rest.
    pub(super) async fn store_artifacts(&self, payload: &Payload, outcome: Outcome) -> Outcome {
        let mut result = outcome;
        for order in &payload.artifacts {
            let judged = match find(self.directory.files(), order) {
                Ok(found) => self.store_found(order, found).await,
                Err(missing) => self.store_absence(order, order.name(), &missing).await,
            };
            if let Err(worse) = judged {
                result = worse;
            }
        }
        result
    }

    async fn store_found(&self, order: &ArtifactSpec, found: Vec<Found>) -> Result<(), Outcome> {
        let mut judged = Ok(());
        for found in found {
            let stored = match found.open(self.directory.files()) {
                Ok(Some(file)) => self.store_file(order, &found.name, file).await,
                Ok(None) => Ok(()),
                Err(missing) => self.store_absence(order, &found.name, &missing).await,
            };
            judged = judged.and(stored);
        }
        judged
    }

    async fn store_file(&self, order: &ArtifactSpec, name: &str, file: File) -> Result<(), Outcome> {
        let content_type = order.content_type.as_deref().unwrap_or_else(|| content_type_of(name));
        match self.store().object(name, file, content_type, self.expiry(order)).await {
            Ok(file) => {
                self.log.write_line(format!("stored artifact {name} ({} bytes)", file.size));
                Ok(())
            }
            Err(error) => Err(self.not_stored(name, &error)),
        }
    }

    /// An optional one may be missing, but what leads out of the task directory is reported in any case.
    async fn store_absence(&self, order: &ArtifactSpec, name: &str, missing: &MissingArtifact) -> Result<(), Outcome> {
        if order.optional && missing.reason == "file-missing-on-worker" {
            return Ok(());
        }
        self.log.write_line(format!("artifact {name} is missing: {}", missing.message));
        match self.store().absence(name, missing, self.expiry(order)).await {
            Ok(()) if order.optional => Ok(()),
            Ok(()) => Err(Outcome::Failed),
            Err(error) => Err(self.not_stored(name, &error)),
        }
    }

    fn not_stored(&self, name: &str, error: &StoreError) -> Outcome {
        self.log.write_line(format!("artifact {name} could not be stored: {}", error.in_full()));
        let malformed = error.blames_payload();
        Outcome::Exception(if malformed { ReasonResolved::MalformedPayload } else { ReasonResolved::IntermittentTask })
    }

    fn expiry(&self, order: &ArtifactSpec) -> Timestamp {
        order.expires.unwrap_or(self.claim.task.expires)
    }
}
