//! Notifications: sent at once, not persistent, without confirms.

use std::sync::Arc;

use bytes::Bytes;
use lapin::types::ShortString;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinSet,
};

use super::{connection::Connection, publish::publish, wire::notification};
use crate::MessageKey;

/// Queued notifications; more are dropped, because receivers also poll.
const CAPACITY: usize = 256;

/// Sends to the task that publishes notifications.
pub(super) struct Notifier(Sender<(ShortString, Bytes)>);

impl Notifier {
    pub(super) fn start(connection: Arc<Connection>, key: Option<MessageKey>, tasks: &mut JoinSet<()>) -> Self {
        let (sender, receiver) = channel(CAPACITY);
        tasks.spawn(async move {
            tokio::select! {
                () = connection.closed() => {}
                () = send_all(&connection, key, receiver) => {}
            }
        });
        Self(sender)
    }

    pub(super) fn notify(&self, exchange: &str, body: Bytes) {
        if let Ok(exchange) = ShortString::try_new(exchange) {
            let _ = self.0.try_send((exchange, body));
        }
    }
}

async fn send_all(connection: &Connection, key: Option<MessageKey>, mut waiting: Receiver<(ShortString, Bytes)>) {
    let mut open: Option<lapin::Channel> = None;
    while let Some((exchange, body)) = waiting.recv().await {
        let channel = match open.take().filter(|channel| channel.status().connected()) {
            Some(channel) => channel,
            None => match connection.channel().await {
                Ok(channel) => channel,
                Err(_) => return,
            },
        };
        let properties = notification(exchange.as_str(), &body, key.as_ref());
        match publish(&channel, exchange, ShortString::default(), &body, properties).await {
            Ok(_) => open = Some(channel),
            Err(error) => tracing::debug!(%error, "notification lost"),
        }
    }
}
