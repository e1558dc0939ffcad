//! The deny list.

use std::sync::Arc;

use actors::notify::Notify;
use protocol::notify::NotificationKind;
use serde::Deserialize;

use crate::http::{ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    notification_type: NotificationKind,
    notification_address: String,
}

pub(super) async fn add(notify: Arc<Notify>, mut call: Call) -> ApiResult {
    let Address { notification_type, notification_address } = call.body()?;
    notify.deny(notification_type, &notification_address).await?;
    Ok(Object::new().into())
}

pub(super) async fn delete(notify: Arc<Notify>, mut call: Call) -> ApiResult {
    let Address { notification_type, notification_address } = call.body()?;
    notify.allow(notification_type, &notification_address).await?;
    Ok(Object::new().into())
}

pub(super) async fn list(notify: Arc<Notify>, call: Call) -> ApiResult {
    let page = notify.denylist(call.page()?).await?;
    let token = page.next.map(|key| call.token(&key));
    let entries = page
        .rows
        .iter()
        .map(|entry| Object::new().field("notificationType", &entry.kind).field("notificationAddress", &entry.address));
    Ok(Object::new().list("addresses", entries).optional("continuationToken", token.as_ref()).into())
}
