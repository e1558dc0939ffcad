//! Storing artifacts of one run.

use std::{io, path::Path};

use protocol::{
    id::{RunId, TaskId},
    time::{self, Timestamp},
};
use serde_json::{Value, json};

use super::{Absent, Hashed};
use crate::client::{Client, ClientError, Upload};

const LONGEST_MESSAGE: usize = 4096;

/// The artifacts of one run. Made anew for each use, so that its credentials are fresh.
pub(crate) struct Store {
    pub(crate) client: Client,
    pub(crate) task_id: TaskId,
    pub(crate) run_id: RunId,
}

/// Why an artifact was not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the file could not be read")]
    File(#[from] io::Error),
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl StoreError {
    pub(crate) fn in_full(&self) -> String {
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
    pub(crate) async fn object(
        &self,
        name: &str,
        path: &Path,
        content_type: &str,
        expires: Timestamp,
    ) -> Result<Hashed, StoreError> {
        let file = Hashed::read(path).await?;
        let body = json!({
            "storageType": "object",
            "contentType": content_type,
            "contentLength": file.size,
            "expires": time::format(expires),
        });
        let place = self.client.create_object_artifact(self.task_id, self.run_id, name, &body).await?;
        self.client.upload(&Upload { place: &place, content_type, file: &file }).await?;
        self.client.finish_artifact(self.task_id, self.run_id, name, &place.upload_id).await?;
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
    pub(crate) async fn absence(&self, name: &str, absent: &Absent, expires: Timestamp) -> Result<(), StoreError> {
        let message: String = absent.message.chars().take(LONGEST_MESSAGE).collect();
        let expires = time::format(expires);
        let body = json!({ "storageType": "error", "reason": absent.reason, "message": message, "expires": expires });
        self.create(name, &body).await
    }

    async fn create(&self, name: &str, body: &Value) -> Result<(), StoreError> {
        self.client.create_artifact(self.task_id, self.run_id, name, body).await?;
        Ok(())
    }
}
