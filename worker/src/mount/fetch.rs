//! Getting the content of a mount to a place on disk.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{MountError, Mounter};
use crate::{
    artifact::Hashed,
    client::Client,
    payload::{Content, Source},
    transfer::{Download, Origin, TransferError, unwatched},
};

impl Mounter<'_> {
    /// Writes the content to `place`, checks its hash where one is known, and says where it came from.
    pub(super) async fn fetch(&self, content: &Content, place: &Path) -> Result<String, MountError> {
        let shown = place.display().to_string();
        let failed = |error| MountError::Fetch(describe(&content.source), error);
        let broken = |error| MountError::File(format!("`{shown}`"), error);
        match &content.source {
            source @ (Source::Artifact { .. } | Source::Url(_)) => {
                download(&self.client, source, place).await.map_err(failed)?;
            }
            Source::Raw(text) => tokio::fs::write(place, text).await.map_err(broken)?,
            Source::Base64(text) => {
                let bytes = STANDARD.decode(text).map_err(|error| MountError::Payload(format!("base64: {error}")))?;
                tokio::fs::write(place, bytes).await.map_err(broken)?;
            }
        }
        let file = Hashed::read(place).await.map_err(broken)?;
        match &content.sha256 {
            Some(expected) if *expected != file.sha256 => {
                Err(MountError::Hash { place: shown, found: file.sha256, expected: expected.clone() })
            }
            _ => Ok(format!("{} ({} bytes)", describe(&content.source), file.size)),
        }
    }
}

async fn download(client: &Client, source: &Source, place: &Path) -> Result<(), TransferError> {
    let origin = match source {
        Source::Artifact { task_id, name } => Origin::Artifact { task_id: *task_id, run_id: None, name: name.clone() },
        Source::Url(url) => Origin::Url(url.clone()),
        Source::Raw(_) | Source::Base64(_) => return Ok(()),
    };
    let (client, direct) = (client.clone(), client.clone());
    Download { client, direct, origin, progress: unwatched() }.to_file(place).await.map(drop)
}

fn describe(source: &Source) -> String {
    match source {
        Source::Artifact { task_id, name } => format!("artifact {name} of task {task_id}"),
        Source::Url(url) => url.split('?').next().unwrap_or_default().to_owned(),
        Source::Raw(_) | Source::Base64(_) => "the payload".to_owned(),
    }
}
