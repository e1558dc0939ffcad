//! Endpoints that send. 200: it is stored for sending; 204: nothing will be sent.

use std::sync::Arc;

use actors::notify::{Accepted, Notify};
use protocol::notify::{Email, MatrixMessage, Notification, PulseMessage, SlackMessage};

use crate::http::{ApiResponse, ApiResult, Call, Object};

pub(super) async fn email(notify: Arc<Notify>, mut call: Call) -> ApiResult {
    let email: Email = call.body()?;
    call.authorize(|params| params.text("address", &email.address))?;
    send(&notify, Notification::Email(email)).await
}

pub(super) async fn pulse(notify: Arc<Notify>, mut call: Call) -> ApiResult {
    let message: PulseMessage = call.body()?;
    call.authorize(|params| params.text("routingKey", &message.routing_key))?;
    send(&notify, Notification::Pulse(message)).await
}

pub(super) async fn matrix(notify: Arc<Notify>, mut call: Call) -> ApiResult {
    let message: MatrixMessage = call.body()?;
    call.authorize(|params| params.text("roomId", &message.room_id))?;
    send(&notify, Notification::Matrix(message)).await
}

pub(super) async fn slack(notify: Arc<Notify>, mut call: Call) -> ApiResult {
    let message: SlackMessage = call.body()?;
    call.authorize(|params| params.text("channelId", &message.channel_id))?;
    send(&notify, Notification::Slack(message)).await
}

async fn send(notify: &Notify, notification: Notification) -> ApiResult {
    Ok(match notify.send(&notification).await? {
        Accepted::Stored(_) => Object::new().into(),
        Accepted::Suppressed(_) => ApiResponse::no_content(),
    })
}
