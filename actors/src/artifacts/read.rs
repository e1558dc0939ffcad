//! The content of an artifact, read from within this process.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use futures_util::TryStreamExt;

use super::{ArtifactError, Artifacts, Found, Result, object_name};
use crate::FieldError;

pub(super) async fn run(artifacts: &Artifacts, found: &Found, max_bytes: u64) -> Result<Vec<u8>> {
    let objects = &artifacts.objects;
    let stored = match found {
        Found::S3 { key } => objects.artifact_content(key).await?,
        Found::Object { key } => objects.content(&object_name(key)).await?,
        Found::Reference { .. } => return Err(unreadable("lie in the store", "an address elsewhere")),
        Found::Error { message, .. } => return Err(unreadable("have content", message)),
    };
    let length = u64::try_from(stored.content.content_length).unwrap_or_default();
    if length > max_bytes {
        return Err(too_long(max_bytes, &format!("{length} bytes")));
    }
    let pieces: Vec<_> = objects.open(&stored, None).await?.bytes.try_collect().await?;
    match &*stored.content.content_encoding {
        "" | "identity" => Ok(pieces.concat()),
        "gzip" => {
            let unzip = tokio::task::spawn_blocking(move || unzipped(&pieces.concat(), max_bytes)).await;
            unzip.unwrap_or_else(|panic| Err(unreadable("be readable", &panic.to_string())))
        }
        other => Err(unreadable("be plain or gzip", other)),
    }
}

fn unzipped(bytes: &[u8], max_bytes: u64) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(max_bytes + 1).read_to_end(&mut plain);
    read.map_err(|error| unreadable("be gzip", &error.to_string()))?;
    if plain.len() as u64 > max_bytes { Err(too_long(max_bytes, "more")) } else { Ok(plain) }
}

fn too_long(max_bytes: u64, got: &str) -> ArtifactError {
    unreadable(&format!("have at most {max_bytes} bytes"), got)
}

fn unreadable(expected: &str, got: &str) -> ArtifactError {
    FieldError::new("/artifact", expected, got).into()
}
