//! A worker on an instance of Compute Engine: who it is stands in its metadata, and Google signs a token that says so.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{IdentityError, Interruption, MachineIdentity, metadata_server::MetadataServer, user_data::UserData};

/// Of Google, on each instance.
pub const METADATA_ENDPOINT: &str = "http://metadata.google.internal";
/// A spot instance has 30 seconds after the notice.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

const USER_DATA: &str = "/computeMetadata/v1/instance/attributes/taskcluster";
const ID: &str = "/computeMetadata/v1/instance/id";
const IDENTITY: &str = "/computeMetadata/v1/instance/service-accounts/default/identity";
const PREEMPTED: &str = "/computeMetadata/v1/instance/preempted";

#[derive(Debug)]
pub struct Google(MetadataServer);

impl Google {
    pub fn new(metadata_endpoint: &str) -> Result<Self, IdentityError> {
        let server = MetadataServer::new(metadata_endpoint, ("metadata-flavor", "Google"));
        server.map(Self).map_err(IdentityError::Client)
    }

    pub async fn identity(&self) -> Result<MachineIdentity, IdentityError> {
        let data = UserData::parse(&self.page(USER_DATA, "user data (metadata `taskcluster`)").await?)?;
        let id = self.page(ID, "id").await?;
        let audience = utf8_percent_encode(&data.root_url, NON_ALPHANUMERIC);
        let path = format!("{IDENTITY}?audience={audience}&format=full");
        let token = self.page(&path, "identity token: it needs a service account").await?;
        Ok(data.identity(id, json!({ "token": token })))
    }

    async fn page(&self, path: &str, what: &'static str) -> Result<String, IdentityError> {
        let text = self.0.get_at_start(path).await?.map(|text| text.trim().to_owned());
        text.filter(|text| !text.is_empty()).ok_or(IdentityError::Missing(what))
    }

    /// Waits until Google announces that it takes this instance back.
    pub async fn interrupted(&self) -> Interruption {
        loop {
            match self.0.get(PREEMPTED).await {
                Ok(Some(text)) if text.trim() == "TRUE" => return Interruption,
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "the metadata server was not asked for an interruption"),
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}
