//! Messages to Matrix rooms. A repeat has the same transaction id, by which the server drops it.

use std::time::Duration;

use async_trait::async_trait;
use base::Secret;
use db::notify::StoredNotification;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use protocol::notify::{MatrixMessage, NotificationKind};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    channel::{Channel, Delivery},
    http::{Answer, at_most, call, client},
    settings::MatrixSettings,
};

/// A user of a homeserver.
#[derive(Debug)]
pub struct Matrix {
    client: Client,
    url: String,
    access_token: Secret,
}

impl Matrix {
    pub fn new(settings: &MatrixSettings) -> Result<Self, String> {
        let url = settings.url.trim_end_matches('/').to_owned();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(format!("`notify.matrix.url` must be an http or https address; got `{url}`"));
        }
        if settings.access_token.is_empty() {
            return Err("`notify.matrix.access_token` must be set with `notify.matrix.url`".to_owned());
        }
        Ok(Self { client: client()?, url, access_token: settings.access_token.clone() })
    }
}

#[async_trait]
impl Channel for Matrix {
    fn kind(&self) -> NotificationKind {
        NotificationKind::MatrixRoom
    }

    async fn deliver(&self, notification: &StoredNotification) -> Delivery {
        let message: MatrixMessage = match serde_json::from_str(&notification.content) {
            Ok(message) => message,
            Err(error) => return Delivery::failed(format!("the stored message cannot be read: {error}")),
        };
        let room = utf8_percent_encode(&message.room_id, NON_ALPHANUMERIC);
        let (url, id) = (&self.url, notification.id);
        let url = format!("{url}/_matrix/client/v3/rooms/{room}/send/m.room.message/{id}");
        let request =
            self.client.put(url).bearer_auth(self.access_token.reveal()).header("content-type", "application/json");
        match call(request.body(content(&message).to_string())).await {
            Ok(answer) => outcome(&answer),
            Err(failed) => failed,
        }
    }
}

fn content(message: &MatrixMessage) -> Value {
    let mut content = json!({ "msgtype": message.msgtype, "body": message.body });
    if let Some(formatted) = &message.formatted_body {
        content["formatted_body"] = json!(formatted);
        content["format"] = json!(message.format.as_deref().unwrap_or("org.matrix.custom.html"));
    }
    content
}

fn outcome(answer: &Answer) -> Delivery {
    let text = |name: &str| answer.body[name].as_str().unwrap_or_default();
    let reason = format!("{} {} {}", answer.status, text("errcode"), text("error"));
    match answer.status {
        200..300 => Delivery::Sent(text("event_id").to_owned()),
        // The limit is one of the user, so it holds for all rooms.
        429 => {
            let asked = answer.body["retry_after_ms"].as_u64().map_or(answer.retry_after, Duration::from_millis);
            Delivery::Unavailable { reason, after: at_most(asked), is_ambiguous: false }
        }
        401 | 500.. => Delivery::unavailable(reason),
        _ => Delivery::failed(reason),
    }
}
