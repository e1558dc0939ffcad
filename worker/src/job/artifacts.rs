//! Storing what the payload asks to keep.

use std::fs::File;

use protocol::{state::ReasonResolved, time::Timestamp};

use super::{Job, Outcome};
use crate::{
    artifact::{Found, Hashed, MissingArtifact, Store, StoreError, content_type_of, find},
    payload::{ArtifactSpec, ContentEncoding, Payload},
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
        let (mut result, reserved) = (outcome, payload.reserved_names());
        for order in &payload.artifacts {
            let judged = match find(self.files(), order) {
                Ok(found) => self.store_found(order, found, &reserved).await,
                Err(missing) => self.store_absence(order, order.name(), &missing).await,
            };
            if let Err(worse) = judged {
                result = worse;
            }
        }
        result
    }

    async fn store_found(&self, order: &ArtifactSpec, found: Vec<Found>, reserved: &[&str]) -> Result<(), Outcome> {
        let mut judged = Ok(());
        for found in found {
            if reserved.contains(&found.name.as_str()) {
                judged = judged.and(Err(self.refuse_reserved(&found.name)));
                continue;
            }
            let stored = match found.open(self.files()) {
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
        match self.send_file(order, name, file, content_type).await {
            Ok(content) => {
                self.log.write_line(format!("stored artifact {name} ({} bytes)", content.size));
                self.note_hash(name, &content.sha256);
                Ok(())
            }
            Err(error) => Err(self.not_stored(name, &error)),
        }
    }

    /// Answers with the hashes of the content itself, which are not those of what is sent where it is packed.
    async fn send_file(
        &self,
        order: &ArtifactSpec,
        name: &str,
        file: File,
        content_type: &str,
    ) -> Result<Hashed, StoreError> {
        let expires = self.expiry(order);
        match order.content_encoding {
            ContentEncoding::Identity => self.store().object(name, file, content_type, expires).await,
            ContentEncoding::Gzip => {
                let content = Hashed::read(file.try_clone()?).await?;
                self.store().packed(&self.directory.downloads(), name, file, content_type, expires).await?;
                Ok(content)
            }
        }
    }

    /// An optional one may be missing, but what leads out of the task directory is reported in any case.
    async fn store_absence(&self, order: &ArtifactSpec, name: &str, missing: &MissingArtifact) -> Result<(), Outcome> {
        if order.optional && missing.reason == "file-missing-on-worker" {
            return Ok(());
        }
        let words = format!("artifact {name} is missing: {}", missing.message);
        if order.optional {
            self.log.write_warning(words);
        } else {
            self.log.write_error(words);
        }
        match self.store().absence(name, missing, self.expiry(order)).await {
            Ok(()) if order.optional => Ok(()),
            Ok(()) => Err(Outcome::Failed),
            Err(error) => Err(self.not_stored(name, &error)),
        }
    }

    fn refuse_reserved(&self, name: &str) -> Outcome {
        self.log.write_error(format!("artifact {name} is not stored: the worker itself stores one of this name"));
        Outcome::Exception(ReasonResolved::MalformedPayload)
    }

    fn not_stored(&self, name: &str, error: &StoreError) -> Outcome {
        self.log.write_error(format!("artifact {name} could not be stored: {}", error.in_full()));
        let malformed = error.blames_payload();
        Outcome::Exception(if malformed { ReasonResolved::MalformedPayload } else { ReasonResolved::IntermittentTask })
    }

    fn expiry(&self, order: &ArtifactSpec) -> Timestamp {
        order.expires.unwrap_or(self.claim.task.expires)
    }
}
