//! A worker on an EC2 instance: who it is stands in its user data and in its identity document, which EC2 signs; that it
//! will be interrupted stands in its metadata two minutes before.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use serde::Deserialize;
use serde_json::json;

use super::{IdentityError, Interruption, MachineIdentity, MetadataError, imds::Imds, user_data::UserData};

/// Of Amazon, on each instance.
pub const METADATA_ENDPOINT: &str = "http://169.254.169.254";
/// A machine that is starting may have no network yet.
const START_RETRIES: usize = 30;
const RETRY_DELAY: Duration = Duration::from_secs(2);
/// AWS recommends to ask this often; the notice comes two minutes before the end.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

const USER_DATA: &str = "/latest/user-data";
const DOCUMENT: &str = "/latest/dynamic/instance-identity/document";
const SIGNATURE: &str = "/latest/dynamic/instance-identity/signature";
const INSTANCE_ACTION: &str = "/latest/meta-data/spot/instance-action";

#[derive(Debug)]
pub struct Aws(Imds);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    instance_id: String,
}

impl Aws {
    pub fn new(metadata_endpoint: &str) -> Result<Self, IdentityError> {
        Imds::new(metadata_endpoint).map(Self).map_err(IdentityError::Client)
    }

    /// Waits for up to a minute for the network of a machine that is starting.
    pub async fn identity(&self) -> Result<MachineIdentity, IdentityError> {
        let delays = ConstantBuilder::new().with_delay(RETRY_DELAY).with_max_times(START_RETRIES);
        let is_transient = |error: &IdentityError| {
            matches!(error, IdentityError::Metadata(MetadataError::Unreachable(..) | MetadataError::Status { .. }))
        };
        (|| self.read()).retry(delays).when(is_transient).await
    }

    async fn read(&self) -> Result<MachineIdentity, IdentityError> {
        let user_data = self.page(USER_DATA, "user data").await?;
        let document = self.page(DOCUMENT, "identity document").await?;
        let signature = self.page(SIGNATURE, "signature of the identity document").await?;
        let Document { instance_id } = serde_json::from_str(&document)
            .map_err(|error| IdentityError::Unreadable("the identity document", error))?;
        // The document byte by byte: the signature is over it as it is.
        let proof = json!({ "document": document, "signature": signature });
        Ok(UserData::parse(&user_data)?.identity(instance_id, proof))
    }

    async fn page(&self, path: &str, what: &'static str) -> Result<String, IdentityError> {
        self.0.get(path).await?.filter(|text| !text.is_empty()).ok_or(IdentityError::Missing(what))
    }

    /// Waits until EC2 announces that it stops or terminates this machine. A metadata server that does not answer announces
    /// nothing.
    pub async fn interrupted(&self) -> Interruption {
        loop {
            match self.0.get(INSTANCE_ACTION).await {
                Ok(Some(action)) if announces_end(&action) => return Interruption,
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "the metadata server was not asked for an interruption"),
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

/// `{"action": "terminate", "time": …}`: terminate, stop or hibernate.
fn announces_end(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Action {
        action: String,
    }
    serde_json::from_str::<Action>(text)
        .is_ok_and(|it| matches!(it.action.as_str(), "terminate" | "stop" | "hibernate"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_action_that_ends_the_machine_is_an_interruption() {
        assert!(announces_end(r#"{"action":"terminate","time":"2026-11-27T12:02:00Z"}"#));
        assert!(announces_end(r#"{"action":"hibernate"}"#));
        for text in ["", "none", "{}", r#"{"action":"none"}"#, "[]"] {
            assert!(!announces_end(text), "{text}");
        }
    }
}
