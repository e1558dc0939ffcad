//! Getting the content of a mount to a place on disk.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use reqwest::{Method, Response, Url, header};
use tokio::{fs::File, io::AsyncWriteExt};

use super::{MountError, Mounter};
use crate::{
    artifact::Hashed,
    client::{Client, ClientError, RequestName, accepted, patiently, segment, unreachable},
    payload::{Content, Source},
};

impl Mounter<'_> {
    /// Writes the content to `place`, checks its hash where one is known, and says where it came from.
    pub(super) async fn fetch(&self, content: &Content, place: &Path) -> Result<String, MountError> {
        let shown = place.display().to_string();
        let failed = |error| MountError::Fetch(describe(&content.source), error);
        let broken = |error| MountError::File(format!("`{shown}`"), error);
        match &content.source {
            Source::Artifact { task_id, name } => {
                let path = format!("/api/queue/v1/task/{task_id}/artifacts/{}", segment(name));
                download(&self.client, &Start::Artifact(path), place).await.map_err(failed)?;
            }
            Source::Url(url) => download(&self.client, &Start::Url(url.clone()), place).await.map_err(failed)?,
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

/// Where a download begins.
enum Start {
    /// A path of the queue, to be signed; it answers with a redirect.
    Artifact(String),
    Url(String),
}

const MOST_REDIRECTS: usize = 10;

/// A download that breaks off begins anew.
async fn download(client: &Client, start: &Start, place: &Path) -> Result<(), ClientError> {
    patiently(&client.entropy, || async {
        let (name, mut response) = open(client, start).await?;
        let mut file = File::create(place).await?;
        while let Some(piece) = response.chunk().await.map_err(|source| unreachable(&name, source))? {
            file.write_all(&piece).await?;
        }
        Ok(file.flush().await?)
    })
    .await
}

/// Follows redirects by hand: only the first request carries our signature.
async fn open(client: &Client, start: &Start) -> Result<(RequestName, Response), ClientError> {
    let (mut name, mut response) = match start {
        Start::Artifact(path) => {
            let name = RequestName::new(&Method::GET, path);
            let response = client.send(&Method::GET, path, Bytes::new()).await?;
            (name.clone(), accepted(response, &name).await?)
        }
        Start::Url(url) => get(client, url).await?,
    };
    for _ in 0..MOST_REDIRECTS {
        let Some(next) = redirect(&response) else { break };
        (name, response) = get(client, next.as_str()).await?;
    }
    Ok((name, response))
}

fn redirect(response: &Response) -> Option<Url> {
    let location = response.headers().get(header::LOCATION).filter(|_| response.status().is_redirection())?;
    response.url().join(location.to_str().ok()?).ok()
}

async fn get(client: &Client, url: &str) -> Result<(RequestName, Response), ClientError> {
    let name = RequestName::new(&Method::GET, url);
    let response = client.unsigned().get(url).send().await.map_err(|source| unreachable(&name, source))?;
    let response = accepted(response, &name).await?;
    Ok((name, response))
}

fn describe(source: &Source) -> String {
    match source {
        Source::Artifact { task_id, name } => format!("artifact {name} of task {task_id}"),
        Source::Url(url) => url.split('?').next().unwrap_or_default().to_owned(),
        Source::Raw(_) | Source::Base64(_) => "the payload".to_owned(),
    }
}
