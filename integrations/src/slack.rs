//! Messages to Slack channels. Slack drops no repeats: after an attempt that may have arrived, the channel is searched for
//! the notification's id first, if the token may read it.

use std::time::Duration;

use async_trait::async_trait;
use base::Secret;
use db::notify::StoredNotification;
use protocol::notify::{NotificationKind, SlackMessage};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    channel::{Channel, Delivery},
    http::{Answer, call, client},
    settings::SlackSettings,
};

/// Slack takes about one message a second for each channel.
const MIN_GAP: Duration = Duration::from_secs(1);
const EVENT_TYPE: &str = "drover_notification";
/// Messages of a channel that are searched for an earlier attempt.
const SEARCHED: &str = "50";

/// Errors that concern the app or the workspace, not one message.
const OF_THE_APP: [&str; 9] = [
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "missing_scope",
    "org_login_required",
    "ekm_access_denied",
    "service_unavailable",
];
/// Errors that pass.
const PASSING: [&str; 4] = ["ratelimited", "rate_limited", "message_limit_exceeded", "request_timeout"];
/// Errors after which nobody knows whether the message is there.
const AMBIGUOUS: [&str; 2] = ["internal_error", "fatal_error"];

/// An app in a workspace.
#[derive(Debug)]
pub struct Slack {
    client: Client,
    url: String,
    token: Secret,
}

impl Slack {
    pub fn new(settings: &SlackSettings) -> Result<Self, String> {
        let url = settings.url.trim_end_matches('/').to_owned();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(format!("`notify.slack.url` must be an http or https address; got `{url}`"));
        }
        Ok(Self { client: client()?, url, token: settings.token.clone() })
    }

    /// Whether the channel has the notification already. What cannot be searched does not have it.
    async fn has_arrived(&self, channel: &str, id: &str) -> bool {
        let query = [("channel", channel), ("limit", SEARCHED), ("include_all_metadata", "true")];
        let query = query.map(|(name, value)| format!("{name}={}", percent(value))).join("&");
        let url = format!("{}/conversations.history?{query}", self.url);
        let Ok(answer) = call(self.client.get(url).bearer_auth(self.token.reveal())).await else { return false };
        let messages = answer.body["messages"].as_array().cloned().unwrap_or_default();
        messages.iter().any(|message| message["metadata"]["event_payload"]["id"].as_str() == Some(id))
    }
}

#[async_trait]
impl Channel for Slack {
    fn kind(&self) -> NotificationKind {
        NotificationKind::SlackChannel
    }

    fn min_gap(&self) -> Duration {
        MIN_GAP
    }

    async fn deliver(&self, notification: &StoredNotification) -> Delivery {
        let message: SlackMessage = match serde_json::from_str(&notification.content) {
            Ok(message) => message,
            Err(error) => return Delivery::failed(format!("the stored message cannot be read: {error}")),
        };
        let id = notification.id.to_string();
        if notification.is_ambiguous && self.has_arrived(&message.channel_id, &id).await {
            return Delivery::Sent("an earlier attempt had arrived".to_owned());
        }
        let request = self.client.post(format!("{}/chat.postMessage", self.url)).bearer_auth(self.token.reveal());
        let request = request.header("content-type", "application/json; charset=utf-8");
        match call(request.body(content(&message, &id).to_string())).await {
            Ok(answer) => outcome(&answer),
            Err(failed) => failed,
        }
    }
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn content(message: &SlackMessage, id: &str) -> Value {
    let mut content = json!({
        "channel": message.channel_id,
        "text": message.text,
        "unfurl_links": message.unfurl_links,
        "unfurl_media": message.unfurl_media,
        "metadata": { "event_type": EVENT_TYPE, "event_payload": { "id": id } },
    });
    for (name, list) in [("blocks", &message.blocks), ("attachments", &message.attachments)] {
        if let Some(list) = list {
            content[name] = json!(list);
        }
    }
    content
}

/// Slack answers errors with status 200 and `ok: false`.
fn outcome(answer: &Answer) -> Delivery {
    let text = |name: &str| answer.body[name].as_str().unwrap_or_default();
    let (error, after) = (text("error"), answer.retry_after);
    if answer.status == 200 && answer.body["ok"] == json!(true) {
        return Delivery::Sent(text("ts").to_owned());
    }
    let reason = format!("{} {error}", answer.status);
    if answer.status == 429 || PASSING.contains(&error) {
        return Delivery::Retry { reason, after, is_ambiguous: false };
    }
    if AMBIGUOUS.contains(&error) {
        return Delivery::retry(reason).ambiguous();
    }
    match answer.status {
        500.. => Delivery::unavailable(reason).ambiguous(),
        401 | 403 => Delivery::unavailable(reason),
        _ if OF_THE_APP.contains(&error) || answer.body.is_null() => Delivery::unavailable(reason),
        _ => Delivery::failed(reason),
    }
}
