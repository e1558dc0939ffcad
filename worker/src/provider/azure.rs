//! A worker on a virtual machine of Azure: who it is stands in its user data and metadata, and Azure signs a document with its id.

use std::{path::Path, time::Duration};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use serde_json::json;

use super::{IdentityError, Interruption, MachineIdentity, metadata_server::MetadataServer, user_data::UserData};

/// Of Azure, on each machine.
pub const METADATA_ENDPOINT: &str = "http://169.254.169.254";
/// A spot machine has 30 seconds after the notice.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

const NAME: &str = "/metadata/instance/compute/name?api-version=2021-02-01&format=text";
const USER_DATA: &str = "/metadata/instance/compute/userData?api-version=2021-01-01&format=text";
const ATTESTED: &str = "/metadata/attested/document?api-version=2020-09-01";
const EVENTS: &str = "/metadata/scheduledevents?api-version=2020-07-01";
/// Where cloud-init and Azure's agent leave custom data, which the metadata server does not show.
const CUSTOM_DATA_FILES: &[&str] = &["/var/lib/cloud/instance/user-data.txt", "/var/lib/waagent/CustomData"];

#[derive(Debug)]
pub struct Azure {
    server: MetadataServer,
    /// Another place for custom data, such as of an image without both.
    custom_data_file: Option<std::path::PathBuf>,
}

#[derive(Deserialize)]
struct Attested {
    signature: String,
}

#[derive(Deserialize)]
struct Events {
    #[serde(rename = "Events", default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    event_type: String,
    #[serde(default)]
    resources: Vec<String>,
}

impl Azure {
    pub fn new(metadata_endpoint: &str, custom_data_file: Option<&Path>) -> Result<Self, IdentityError> {
        let server = MetadataServer::new(metadata_endpoint, ("metadata", "true")).map_err(IdentityError::Client)?;
        Ok(Self { server, custom_data_file: custom_data_file.map(Path::to_owned) })
    }

    pub async fn identity(&self) -> Result<MachineIdentity, IdentityError> {
        let name = self.name().await?;
        let data = UserData::parse(&self.user_data().await?)?;
        let attested = self.server.get_at_start(ATTESTED).await?.ok_or(IdentityError::Missing("attested document"))?;
        let Attested { signature } = serde_json::from_str(&attested)
            .map_err(|error| IdentityError::Unreadable("the attested document", error))?;
        Ok(data.identity(name, json!({ "document": signature })))
    }

    async fn name(&self) -> Result<String, IdentityError> {
        let name = self.server.get_at_start(NAME).await?;
        name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).ok_or(IdentityError::Missing("name"))
    }

    async fn user_data(&self) -> Result<String, IdentityError> {
        if let Some(text) = self.server.get_at_start(USER_DATA).await?.filter(|text| !text.trim().is_empty()) {
            return Ok(decoded(&text));
        }
        let files = CUSTOM_DATA_FILES.iter().map(Path::new).chain(self.custom_data_file.as_deref());
        let mut found = files.filter_map(|file| std::fs::read_to_string(file).ok());
        found.next().map(|text| decoded(&text)).ok_or(IdentityError::Missing("user data and no custom data"))
    }

    /// Waits until Azure announces that it takes this machine back.
    pub async fn interrupted(&self) -> Interruption {
        let name = self.name().await.unwrap_or_default();
        loop {
            match self.server.get(EVENTS).await {
                Ok(Some(text)) if announces_end(&text, &name) => return Interruption,
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "the metadata server was not asked for scheduled events"),
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

/// Some leave it in base64, others do not.
fn decoded(text: &str) -> String {
    let letters: String = text.split_whitespace().collect();
    let plain = BASE64_STANDARD.decode(letters).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    plain.unwrap_or_else(|| text.to_owned())
}

fn announces_end(text: &str, name: &str) -> bool {
    let ends = |event: &Event| {
        matches!(event.event_type.as_str(), "Preempt" | "Terminate")
            && event.resources.iter().any(|resource| resource.eq_ignore_ascii_case(name))
    };
    serde_json::from_str::<Events>(text).is_ok_and(|it| it.events.iter().any(ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_event_that_ends_this_machine_is_an_interruption() {
        let events = |kind: &str| json!({ "Events": [{ "EventType": kind, "Resources": ["vm-1"] }] }).to_string();
        assert!(announces_end(&events("Preempt"), "VM-1") && announces_end(&events("Terminate"), "vm-1"));
        assert!(!announces_end(&events("Preempt"), "vm-2") && !announces_end(&events("Reboot"), "vm-1"));
        assert!(!announces_end("", "vm-1") && !announces_end("{}", "vm-1"));
    }

    #[test]
    fn custom_data_may_be_encoded() {
        assert_eq!(decoded("{\"a\": 1}"), "{\"a\": 1}");
        assert_eq!(decoded("eyJhIjoxfQ==\n"), "{\"a\":1}");
    }
}
