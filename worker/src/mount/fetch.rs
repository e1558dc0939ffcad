//! Getting the content of a mount to a place on disk.

use std::{borrow::Cow, fs::File, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{MountError, Mounter};
use crate::{
    artifact::Hashed,
    client::ClientError,
    payload::{Content, Source},
    transfer::{Download, Origin, TransferError, no_progress},
};

impl Mounter<'_> {
    /// Writes the content to `place`, checks its hash where one is known, and says where it came from.
    pub(crate) async fn fetch(&self, content: &Content, place: &Path) -> Result<String, MountError> {
        let failed = |error| MountError::Fetch(describe(&content.source), error);
        let broken = |error| MountError::File("the content of a mount".to_owned(), error);
        let source = self.resolved(&content.source).await.map_err(|error| failed(error.into()))?;
        match &*source {
            source @ (Source::Artifact { .. } | Source::Url(_)) => {
                self.download(source, place).await.map_err(failed)?;
            }
            Source::Indexed { .. } => {}
            Source::Raw(text) => tokio::fs::write(place, text).await.map_err(broken)?,
            Source::Base64(text) => {
                let bytes = STANDARD.decode(text).map_err(|error| MountError::Payload(format!("base64: {error}")))?;
                tokio::fs::write(place, bytes).await.map_err(broken)?;
            }
        }
        let file = File::open(place).map_err(broken)?;
        let file = Hashed::read(file).await.map_err(broken)?;
        match &content.sha256 {
            Some(expected) if *expected != file.sha256 => {
                let place = describe(&content.source);
                Err(MountError::Hash { place, found: file.sha256, expected: expected.clone() })
            }
            _ => Ok(format!("{} ({} bytes)", describe(&source), file.size)),
        }
    }

    /// The sha256 of the content, where it is known before it is there.
    pub(crate) async fn known_sha256(&self, content: &Content) -> Result<Option<String>, MountError> {
        let failed = |error| MountError::Fetch(describe(&content.source), error);
        match self.resolved(&content.source).await.map_err(|error| failed(error.into()))?.as_ref() {
            Source::Artifact { task_id, name } => {
                let origin = Origin::Artifact { task_id: *task_id, run_id: None, name: name.clone() };
                origin.known_sha256(&self.client).await.map_err(failed)
            }
            _ => Ok(None),
        }
    }

    /// With the task that the index names now. The log says which, since another run may get another one.
    async fn resolved<'a>(&self, source: &'a Source) -> Result<Cow<'a, Source>, ClientError> {
        let Source::Indexed { namespace, name } = source else { return Ok(Cow::Borrowed(source)) };
        let task_id = self.client.indexed_task(namespace).await?;
        self.log.write_line(format!("the index has task {task_id} as {namespace}"));
        Ok(Cow::Owned(Source::Artifact { task_id, name: name.clone() }))
    }

    async fn download(&self, source: &Source, place: &Path) -> Result<(), TransferError> {
        let origin = match source {
            Source::Artifact { task_id, name } => {
                Origin::Artifact { task_id: *task_id, run_id: None, name: name.clone() }
            }
            Source::Url(url) => Origin::Url(url.clone()),
            Source::Indexed { .. } | Source::Raw(_) | Source::Base64(_) => return Ok(()),
        };
        let (client, direct, max_bytes) = (self.client.clone(), self.client.clone(), Some(self.max_bytes));
        let download = Download { client, direct, origin, progress: no_progress(), max_bytes };
        download.to_file(place).await.map(drop)
    }
}

fn describe(source: &Source) -> String {
    match source {
        Source::Artifact { task_id, name } => format!("artifact {name} of task {task_id}"),
        Source::Indexed { namespace, name } => format!("artifact {name} of the task indexed as {namespace}"),
        Source::Url(url) => url.split('?').next().unwrap_or_default().to_owned(),
        Source::Raw(_) | Source::Base64(_) => "the payload".to_owned(),
    }
}
