//! Answers in XML.

use chrono::{DateTime, Utc};
use serde::{Deserialize, de::DeserializeOwned};

use crate::provider::{ProviderError, ProviderResult};

/// A list as EC2 writes it: `<tagSet><item>…</item></tagSet>`.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub(super) struct Items<T> {
    #[serde(default = "Vec::new")]
    pub(super) item: Vec<T>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self { item: Vec::new() }
    }
}

/// The instances of one launch, or of a part of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reservation {
    #[serde(default)]
    pub(super) owner_id: String,
    #[serde(default)]
    pub(super) instances_set: Items<Instance>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of EC2's answer")]
pub(super) struct Instance {
    pub(super) instance_id: String,
    pub(super) instance_state: InstanceState,
    #[serde(default)]
    pub(super) image_id: String,
    #[serde(default)]
    pub(super) instance_type: String,
    #[serde(default)]
    pub(super) architecture: String,
    #[serde(default)]
    pub(super) private_ip_address: String,
    pub(super) launch_time: DateTime<Utc>,
    #[serde(default)]
    pub(super) placement: Placement,
    #[serde(default)]
    pub(super) tag_set: Items<Tag>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InstanceState {
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Placement {
    #[serde(default)]
    pub(super) availability_zone: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

impl Instance {
    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        self.tag_set.item.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }
}

/// An answer that cannot be read is none: what was asked may have been done.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> ProviderResult<T> {
    let unanswered = |why: String| ProviderError::unanswered(format!("the answer cannot be read: {why}"));
    let text = std::str::from_utf8(body).map_err(|error| unanswered(error.to_string()))?;
    quick_xml::de::from_str(text).map_err(|error| unanswered(error.to_string()))
}
