//! Messages to Pulse, Matrix and Slack.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::address::plain_id;
use crate::{
    error::FieldError,
    exchanges::{RoutingKeyError, notify::NOTIFICATION},
};

/// A message to be published on the exchange `notification`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PulseMessage {
    pub routing_key: String,
    pub message: Map<String, Value>,
}

/// A message to a Matrix room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatrixMessage {
    pub room_id: String,
    pub body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formatted_body: Option<String>,
    pub msgtype: String,
}

/// A message to a Slack channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlackMessage {
    pub channel_id: String,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Value>>,
    #[serde(default)]
    pub unfurl_links: bool,
    #[serde(default)]
    pub unfurl_media: bool,
}

/// What the relay takes, less what is put around it.
const MAX_PULSE: usize = 1_000_000;
/// A whole event of Matrix has at most 65,536 bytes.
const MAX_MATRIX: usize = 60_000;
/// Slack's own limits.
const MAX_SLACK_TEXT: usize = 40_000;
const MAX_SLACK_BLOCKS: usize = 50;
const MAX_SLACK_ATTACHMENTS: usize = 100;
const MAX_SLACK: usize = 256 * 1024;

impl PulseMessage {
    pub(super) fn check(&self) -> Result<(), FieldError> {
        if let Err(error) = self.key() {
            let got = format!("{} bytes", self.routing_key.len());
            return Err(FieldError::new("/payload/routingKey", "fit into a routing key", format!("{got}: {error}")));
        }
        size("/payload/message", &self.message, MAX_PULSE)
    }

    /// The key of the message.
    pub fn key(&self) -> Result<String, RoutingKeyError> {
        NOTIFICATION.routing_key(|name| (name == "topic").then_some(Cow::Borrowed(self.routing_key.as_str())))
    }

    /// Further keys of the message.
    pub fn cc(&self) -> Vec<String> {
        vec![format!("route.{}", self.routing_key)]
    }

    /// The message, as it is published.
    pub fn body(&self) -> String {
        json!({ "version": 1, "message": self.message }).to_string()
    }
}

impl MatrixMessage {
    pub(super) fn check(&self) -> Result<(), FieldError> {
        plain_id("/payload/roomId", &self.room_id)?;
        if !["m.notice", "m.text", "m.emote"].contains(&self.msgtype.as_str()) {
            let expected = "be m.notice, m.text or m.emote";
            return Err(FieldError::new("/payload/msgtype", expected, format!("`{}`", self.msgtype.escape_debug())));
        }
        size("/payload", self, MAX_MATRIX)
    }
}

impl SlackMessage {
    pub(super) fn check(&self) -> Result<(), FieldError> {
        plain_id("/payload/channelId", &self.channel_id)?;
        let count = |list: &Option<Vec<Value>>| list.as_ref().map_or(0, Vec::len);
        at_most("/payload/text", self.text.chars().count(), MAX_SLACK_TEXT, "characters")?;
        at_most("/payload/blocks", count(&self.blocks), MAX_SLACK_BLOCKS, "blocks")?;
        at_most("/payload/attachments", count(&self.attachments), MAX_SLACK_ATTACHMENTS, "attachments")?;
        size("/payload", self, MAX_SLACK)
    }
}

fn size(pointer: &str, value: &impl Serialize, most: usize) -> Result<(), FieldError> {
    let length = serde_json::to_string(value).map_or(usize::MAX, |text| text.len());
    at_most(pointer, length, most, "bytes as JSON")
}

fn at_most(pointer: &str, found: usize, most: usize, unit: &str) -> Result<(), FieldError> {
    if found <= most {
        return Ok(());
    }
    Err(FieldError::new(pointer, format!("have at most {most} {unit}"), found.to_string()))
}
