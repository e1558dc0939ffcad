//! The files that a run leaves behind: artifacts of its task, which expire with it.

use std::{convert::Infallible, fmt::Display};

use actors::artifacts::{ArtifactBody, ArtifactError, ArtifactKey, Artifacts};
use bytes::Bytes;
use futures_util::{Stream, stream};
use protocol::{
    id::{RunId, TaskId},
    time::Timestamp,
};

/// Puts files of one run in their places. Made for each use; cheap to clone.
#[derive(Clone)]
pub struct Shelf {
    pub artifacts: Artifacts,
    pub task_id: TaskId,
    pub run_id: RunId,
    /// When the task expires, and its files with it.
    pub expires: Timestamp,
}

impl Shelf {
    /// Stores what the stream brings, of any length. A repeat replaces it.
    pub async fn put<S, E>(&self, name: &str, content_type: &str, body: S) -> Result<(), ArtifactError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: Display,
    {
        self.artifacts.store(self.key(name), self.expires, content_type, body).await
    }

    /// Stores a short text.
    pub async fn put_text(&self, name: &str, content_type: &str, text: String) -> Result<(), ArtifactError> {
        self.put(name, content_type, stream::iter([Ok::<_, Infallible>(Bytes::from(text))])).await
    }

    /// Whoever asks for `name` gets what lies under `other` of the same run.
    pub async fn link(&self, name: &str, other: &str, content_type: &str) -> Result<(), ArtifactError> {
        let content_type = Some(content_type.to_owned());
        self.create(name, ArtifactBody::Link { artifact: other.to_owned(), content_type }).await
    }

    /// Whoever asks for `name` is sent to an address elsewhere, for example to a log that is still being written. A
    /// reference may be replaced later by a link.
    pub async fn refer(&self, name: &str, url: &str, content_type: &str) -> Result<(), ArtifactError> {
        let (url, content_type) = (url.to_owned(), content_type.to_owned());
        self.create(name, ArtifactBody::Reference { content_type, url }).await
    }

    async fn create(&self, name: &str, body: ArtifactBody) -> Result<(), ArtifactError> {
        self.artifacts.create(self.key(name), self.expires, body).await.map(drop)
    }

    fn key(&self, name: &str) -> ArtifactKey {
        ArtifactKey { task_id: self.task_id, run_id: self.run_id, name: name.to_owned() }
    }
}
