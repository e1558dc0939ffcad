//! An artifact made from within this process: entry and content in one step.

use std::fmt::Display;

use bytes::Bytes;
use db::artifact::ArtifactKey;
use futures_util::Stream;
use protocol::time::Timestamp;

use super::{ArtifactBody, Artifacts, Result};

/// Writes the content, then the entry. A repeat replaces the content, as with any `s3` artifact, while the run is running.
pub(super) async fn run<S, E>(
    artifacts: &Artifacts,
    key: ArtifactKey,
    expires: Timestamp,
    content_type: &str,
    body: S,
) -> Result<()>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
{
    let entry = ArtifactBody::S3 { content_type: content_type.to_owned(), content_length: None };
    let written = async { artifacts.create(key.clone(), expires, entry).await.map(drop) };
    artifacts.objects.store_artifact(&key, content_type, body, written).await.map(drop)
}
