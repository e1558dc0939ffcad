//! Wake-ups: sent at once, kept by nobody.

use std::sync::Arc;

use bytes::Bytes;
use lapin::types::ShortString;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinSet,
};

use super::{link::Link, publish::publish, wire::fleeting};
use crate::MessageKey;

/// Wake-ups that wait for the broker; more are dropped, for one that comes late is worth nothing.
const WAITING: usize = 256;

/// The door of the task that sends wake-ups.
pub(super) struct Waker(Sender<(ShortString, Bytes)>);

impl Waker {
    pub(super) fn start(link: Arc<Link>, key: Option<MessageKey>, tasks: &mut JoinSet<()>) -> Self {
        let (sender, receiver) = channel(WAITING);
        tasks.spawn(async move {
            tokio::select! {
                () = link.closed() => {}
                () = send_all(&link, key, receiver) => {}
            }
        });
        Self(sender)
    }

    pub(super) fn wake(&self, exchange: &str, body: Bytes) {
        if let Ok(exchange) = ShortString::try_new(exchange) {
            let _ = self.0.try_send((exchange, body));
        }
    }
}

async fn send_all(link: &Link, key: Option<MessageKey>, mut waiting: Receiver<(ShortString, Bytes)>) {
    let mut open: Option<lapin::Channel> = None;
    while let Some((exchange, body)) = waiting.recv().await {
        let channel = match open.take().filter(|channel| channel.status().connected()) {
            Some(channel) => channel,
            None => match link.channel().await {
                Ok(channel) => channel,
                Err(_) => return,
            },
        };
        let properties = fleeting(exchange.as_str(), &body, key.as_ref());
        match publish(&channel, exchange, ShortString::default(), &body, properties).await {
            Ok(_) => open = Some(channel),
            Err(error) => tracing::debug!(%error, "a wake-up was lost"),
        }
    }
}
