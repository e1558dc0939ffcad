//! From the name of an artifact to a URL that has its bytes, and the hashes that they must have.

use std::collections::BTreeMap;

use protocol::id::{RunId, TaskId};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::TransferError;
use crate::client::{Client, Credentials, Target, segment};

/// Where content is to come from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Of the latest run where none is named.
    Artifact {
        task_id: TaskId,
        run_id: Option<RunId>,
        name: String,
    },
    Url(String),
}

/// Good for a while; asked for again when it lapses.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) target: Target,
    /// By algorithm; empty where nobody knows them.
    pub(super) hashes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(tag = "storageType", rename_all = "camelCase")]
enum Content {
    S3 { url: String },
    Reference { url: String },
    Object { name: String, credentials: Credentials },
    Error { reason: String, message: String },
}

#[derive(Deserialize)]
struct Started {
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl Origin {
    /// What the storage says of the content, where it says so.
    pub(crate) async fn known_sha256(&self, client: &Client) -> Result<Option<String>, TransferError> {
        Ok(self.locate(client, client).await?.hashes.remove("sha256"))
    }

    /// `direct` reaches the server itself, for requests that are signed with credentials of their own.
    pub(super) async fn locate(&self, client: &Client, direct: &Client) -> Result<Source, TransferError> {
        let path = match self {
            Self::Url(url) => return Ok(Source::unknown(url.clone(), false)),
            Self::Artifact { task_id, run_id: Some(run_id), name } => {
                format!("queue/v1/task/{task_id}/runs/{run_id}/artifact-content/{}", segment(name))
            }
            Self::Artifact { task_id, run_id: None, name } => {
                format!("queue/v1/task/{task_id}/artifact-content/{}", segment(name))
            }
        };
        match client.get(&path).await? {
            Content::S3 { url } => Ok(Source::unknown(url, true)),
            Content::Reference { url } => Ok(Source::unknown(url, false)),
            Content::Object { name, credentials } => start(&direct.signing_as(credentials), &name).await,
            Content::Error { reason, message } => Err(TransferError::NotDelivered { reason, message }),
        }
    }
}

impl Source {
    /// Of which nobody knows the hashes.
    fn unknown(url: String, is_of_server: bool) -> Self {
        Self { target: Target { url, is_of_server }, hashes: BTreeMap::new() }
    }
}

async fn start(client: &Client, name: &str) -> Result<Source, TransferError> {
    let path = format!("object/v1/start-download/{}", segment(name));
    let accepted = json!({ "acceptDownloadMethods": { "getUrl": true, "simple": true } });
    let Started { url, hashes } = client.call(Method::PUT, &path, Some(&accepted)).await?;
    Ok(Source { target: Target { url, is_of_server: true }, hashes })
}
