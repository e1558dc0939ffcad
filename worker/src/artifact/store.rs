//! Storing artifacts of one run.

use std::{
    fs::File,
    io::{self, BufReader, Seek},
    path::{Path, PathBuf},
};

use flate2::{Compression, bufread::GzEncoder};

use protocol::{
    id::{RunId, TaskId},
    time::{self, Timestamp},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Hashed, MissingArtifact};
use crate::{
    client::{Client, ClientError, Upload},
    transfer::Progress,
};

const MAX_MESSAGE_LENGTH: usize = 4096;

/// The artifacts of one run. Made anew for each use, so that its credentials are fresh.
pub struct Store {
    pub client: Client,
    /// Reaches the server itself, where `client` is a proxy that signs by itself.
    pub direct: Client,
    pub task_id: TaskId,
    pub run_id: RunId,
    pub progress: Progress,
}

/// Why an artifact was not stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the file could not be read")]
    File(#[from] io::Error),
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl StoreError {
    pub fn in_full(&self) -> String {
        match self {
            Self::File(error) => format!("{self}: {error}"),
            Self::Client(error) => error.in_full(),
        }
    }

    /// The payload asks for something that the queue does not allow, such as an expiry after that of the task.
    pub(crate) fn blames_payload(&self) -> bool {
        matches!(self, Self::Client(error) if matches!(error.status(), Some(400 | 403)))
    }
}

impl Store {
    /// Stores the bytes of a file.
    pub async fn object(
        &self,
        name: &str,
        file: File,
        content_type: &str,
        expires: Timestamp,
    ) -> Result<Hashed, StoreError> {
        let file = Hashed::read(file).await?;
        let body = json!({
            "storageType": "object",
            "contentType": content_type,
            "contentLength": file.size,
            "expires": time::format(expires),
        });
        let place = self.client.create_object_artifact(self.task_id, self.run_id, name, &body).await?;
        let upload = Upload { place: &place, content_type, file: &file, progress: &self.progress };
        self.direct.upload(&upload).await?;
        self.client.finish_artifact(self.task_id, self.run_id, name, &place.upload_id).await?;
        Ok(file)
    }

    /// Stores the bytes of a file packed with gzip; readers unpack them. A repeat replaces them. The packed file needs room in
    /// `scratch`.
    pub async fn packed(
        &self,
        scratch: &Path,
        name: &str,
        file: File,
        content_type: &str,
        expires: Timestamp,
    ) -> Result<Hashed, StoreError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Place {
            put_url: String,
        }
        let scratch: PathBuf = scratch.to_owned();
        let packed = tokio::task::spawn_blocking(move || pack(file, &scratch)).await.map_err(io::Error::other)??;
        let file = Hashed::read(packed).await?;
        let expires = time::format(expires);
        let body = json!({ "storageType": "s3", "contentType": content_type, "expires": expires });
        let place = self.client.create_artifact(self.task_id, self.run_id, name, &body).await?;
        let Place { put_url } = serde_json::from_value(place).map_err(io::Error::other)?;
        self.direct.put_packed(&put_url, content_type, &file, &self.progress).await?;
        Ok(file)
    }

    /// Points to a URL elsewhere.
    pub(crate) async fn reference(
        &self,
        name: &str,
        url: &str,
        content_type: &str,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let expires = time::format(expires);
        let body = json!({ "storageType": "reference", "url": url, "contentType": content_type, "expires": expires });
        self.create(name, &body).await
    }

    /// Points to another artifact of the same run.
    pub(crate) async fn link(
        &self,
        name: &str,
        target: &str,
        content_type: &str,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let expires = time::format(expires);
        let body =
            json!({ "storageType": "link", "artifact": target, "contentType": content_type, "expires": expires });
        self.create(name, &body).await
    }

    /// Says why there is no artifact of this name.
    pub(crate) async fn absence(
        &self,
        name: &str,
        missing: &MissingArtifact,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let message: String = missing.message.chars().take(MAX_MESSAGE_LENGTH).collect();
        let expires = time::format(expires);
        let body = json!({ "storageType": "error", "reason": missing.reason, "message": message, "expires": expires });
        self.create(name, &body).await
    }

    async fn create(&self, name: &str, body: &Value) -> Result<(), StoreError> {
        self.client.create_artifact(self.task_id, self.run_id, name, body).await?;
        Ok(())
    }
}

/// Into a file without a name, so that its length and hashes are known before it is sent.
fn pack(file: File, scratch: &Path) -> io::Result<File> {
    let mut packed = tempfile::tempfile_in(scratch)?;
    io::copy(&mut GzEncoder::new(BufReader::new(file), Compression::default()), &mut packed)?;
    packed.rewind()?;
    Ok(packed)
}
