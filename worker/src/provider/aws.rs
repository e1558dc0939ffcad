//! A worker on an EC2 instance: who it is stands in its user data and in its identity document, which EC2 signs; that it
//! will be interrupted stands in its metadata two minutes before.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use serde::Deserialize;
use serde_json::json;

use super::{
    Interruption, MachineIdentity,
    imds::{Imds, ImdsError},
};

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

#[derive(Debug, thiserror::Error)]
pub enum AwsIdentityError {
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error(transparent)]
    Metadata(#[from] ImdsError),
    #[error("this instance has no {0}: it was not launched for a worker pool")]
    Missing(&'static str),
    #[error("{0} of this instance cannot be read")]
    Unreadable(&'static str, #[source] serde_json::Error),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserData {
    root_url: String,
    worker_pool_id: String,
    provider_id: String,
    worker_group: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    instance_id: String,
}

impl Aws {
    pub fn new(metadata_endpoint: &str) -> Result<Self, AwsIdentityError> {
        Imds::new(metadata_endpoint).map(Self).map_err(AwsIdentityError::Client)
    }

    /// Waits for up to a minute for the network of a machine that is starting.
    pub async fn identity(&self) -> Result<MachineIdentity, AwsIdentityError> {
        let delays = ConstantBuilder::new().with_delay(RETRY_DELAY).with_max_times(START_RETRIES);
        let is_transient = |error: &AwsIdentityError| {
            matches!(error, AwsIdentityError::Metadata(ImdsError::Unreachable(..) | ImdsError::Status { .. }))
        };
        (|| self.read()).retry(delays).when(is_transient).await
    }

    async fn read(&self) -> Result<MachineIdentity, AwsIdentityError> {
        let user_data = self.page(USER_DATA, "user data").await?;
        let document = self.page(DOCUMENT, "identity document").await?;
        let signature = self.page(SIGNATURE, "signature of the identity document").await?;
        let unreadable = |what| move |error| AwsIdentityError::Unreadable(what, error);
        let data: UserData = serde_json::from_str(&user_data).map_err(unreadable("user data"))?;
        let Document { instance_id } = serde_json::from_str(&document).map_err(unreadable("the identity document"))?;
        Ok(MachineIdentity {
            root_url: data.root_url,
            worker_pool_id: data.worker_pool_id,
            provider_id: data.provider_id,
            worker_group: data.worker_group,
            worker_id: instance_id,
            // The document byte by byte: the signature is over it as it is.
            proof: json!({ "document": document, "signature": signature }),
        })
    }

    async fn page(&self, path: &str, what: &'static str) -> Result<String, AwsIdentityError> {
        self.0.get(path).await?.filter(|text| !text.is_empty()).ok_or(AwsIdentityError::Missing(what))
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
