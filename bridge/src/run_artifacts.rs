//! The artifacts of one run, which expire with its task.

use std::{convert::Infallible, fmt::Display};

use actors::artifacts::{ArtifactBody, ArtifactError, ArtifactKey, Artifacts};
use bytes::Bytes;
use futures_util::{Stream, stream};
use protocol::{
    id::{RunId, TaskId},
    time::Timestamp,
};

/// Stores artifacts of one run. Made for each use; cheap to clone.
#[derive(Clone)]
pub struct RunArtifacts {
    pub artifacts: Artifacts,
    pub task_id: TaskId,
    pub run_id: RunId,
    /// When the task expires.
    pub expires: Timestamp,
}

impl RunArtifacts {
    /// Stores a stream of any length. A repeat replaces it.
    pub async fn store<S, E>(&self, name: &str, content_type: &str, body: S) -> Result<(), ArtifactError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: Display,
    {
        self.artifacts.store(self.key(name), self.expires, content_type, body).await
    }

    pub async fn store_text(&self, name: &str, content_type: &str, text: String) -> Result<(), ArtifactError> {
        self.store(name, content_type, stream::iter([Ok::<_, Infallible>(Bytes::from(text))])).await
    }

    /// Makes `name` a link to the artifact `target` of the same run.
    pub async fn link(&self, name: &str, target: &str, content_type: &str) -> Result<(), ArtifactError> {
        let content_type = Some(content_type.to_owned());
        self.create(name, ArtifactBody::Link { artifact: target.to_owned(), content_type }).await
    }

    /// Makes `name` a redirect to an external URL. A link may replace it later.
    pub async fn reference(&self, name: &str, url: &str, content_type: &str) -> Result<(), ArtifactError> {
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
