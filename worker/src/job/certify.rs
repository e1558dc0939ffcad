//! Signing what a run made.

use std::{
    fs::File,
    io::{self, Seek, Write},
    path::Path,
    sync::PoisonError,
};

use protocol::{id::RunId, time::Timestamp};
use serde_json::{Map, Value, json};
use tokio::io::AsyncReadExt;

use super::{Job, Outcome};
use crate::{
    artifact::StoreError,
    files::FileError,
    payload::Features,
    trust::{
        ADDITIONAL, ArtifactHash, CERTIFICATE, CERTIFIED_LOG, Certificate, SIGNATURE, SigningKey, with_additional,
    },
};

const VERSION: u8 = 1;
const LOG_TYPE: &str = "text/plain; charset=utf-8";
const MAX_ADDITIONAL_BYTES: u64 = 1 << 20;

/// Why a run has no certificate.
#[derive(Debug, thiserror::Error)]
enum CertifyError {
    #[error("`{ADDITIONAL}` {0}")]
    Additional(String),
    #[error("{}", .0.in_full())]
    Store(#[from] StoreError),
}

impl From<io::Error> for CertifyError {
    fn from(error: io::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Job {
    /// Stores the log as it is now, the certificate and its signature. A run that is to have them and has not is not green.
    pub(super) async fn certify(&self, features: &Features, outcome: Outcome) -> Outcome {
        let key = self.context.settings.signing_key.as_ref().filter(|_| features.chain_of_trust);
        let (Some(key), Outcome::Completed | Outcome::Failed) = (key, &outcome) else { return outcome };
        match self.store_certificate(key).await {
            Ok(()) => outcome,
            Err(error) => {
                self.log.write_error(format!("the run is not certified: {error}"));
                match error {
                    CertifyError::Additional(_) => Outcome::Failed,
                    CertifyError::Store(_) => outcome.without_log(),
                }
            }
        }
    }

    async fn store_certificate(&self, key: &SigningKey) -> Result<(), CertifyError> {
        let additional = self.additional().await.map_err(CertifyError::Additional)?;
        let expires = self.claim.task.expires;
        let log = self.store().object(CERTIFIED_LOG, self.log.content()?, LOG_TYPE, expires).await?;
        self.note_hash(CERTIFIED_LOG, &log.sha256);
        let certificate = self.certificate(additional).await?;
        let signature = key.sign(&certificate);
        self.store_bytes(CERTIFICATE, &certificate, "application/json", expires).await?;
        self.store_bytes(SIGNATURE, &signature, "application/octet-stream", expires).await
    }

    async fn certificate(&self, additional: Map<String, Value>) -> io::Result<Vec<u8>> {
        let settings = &self.context.settings;
        let hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let run_id: RunId = self.claim.run_id;
        let certificate = Certificate {
            chain_of_trust_version: VERSION,
            artifacts: hashes.into_iter().map(|(name, sha256)| (name, ArtifactHash { sha256 })).collect(),
            task: &self.claim.task.document,
            task_id: self.claim.status.task_id,
            run_id,
            worker_group: &settings.name.worker_group,
            worker_id: &settings.name.worker_id,
            environment: settings.machine.clone().seen_from(&settings.root_url).await,
        };
        let Value::Object(mut certificate) = serde_json::to_value(certificate)? else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        if let Some(Value::Object(environment)) = certificate.get_mut("environment") {
            environment.extend(self.image_hashes());
        }
        Ok(serde_json::to_vec_pretty(&with_additional(certificate, additional))?)
    }

    /// Of the container, as docker-worker names them.
    fn image_hashes(&self) -> Map<String, Value> {
        let mut hashes = Map::new();
        if let Some(container) = self.container.get() {
            hashes.insert("imageHash".to_owned(), json!(container.image.digest));
            if let Some(sha256) = &container.image.archive {
                hashes.insert("imageArtifactHash".to_owned(), json!(format!("sha256:{sha256}")));
            }
        }
        hashes
    }

    /// What the task itself adds; empty where there is no such file.
    async fn additional(&self) -> Result<Map<String, Value>, String> {
        let file = match self.directory.files().file(Path::new(ADDITIONAL)) {
            Ok(file) => file,
            Err(FileError::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
            Err(FileError::Io(error)) => return Err(format!("cannot be read: {error}")),
            Err(FileError::Invalid(what)) => return Err(what.to_owned()),
        };
        let mut text = Vec::new();
        let read = tokio::fs::File::from_std(file).take(MAX_ADDITIONAL_BYTES + 1).read_to_end(&mut text).await;
        read.map_err(|error| format!("cannot be read: {error}"))?;
        if text.len() as u64 > MAX_ADDITIONAL_BYTES {
            return Err(format!("has more than {MAX_ADDITIONAL_BYTES} bytes"));
        }
        serde_json::from_slice(&text).map_err(|error| format!("is no JSON object: {error}"))
    }

    async fn store_bytes(
        &self,
        name: &str,
        bytes: &[u8],
        content_type: &str,
        expires: Timestamp,
    ) -> Result<(), CertifyError> {
        self.store().object(name, unnamed(bytes, &self.directory.downloads())?, content_type, expires).await?;
        Ok(())
    }

    /// Of something that was stored, for the certificate.
    pub(super) fn note_hash(&self, name: &str, sha256: &str) {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), sha256.to_owned());
    }
}

/// A file without a name.
fn unnamed(bytes: &[u8], directory: &Path) -> io::Result<File> {
    let mut file = tempfile::tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}
