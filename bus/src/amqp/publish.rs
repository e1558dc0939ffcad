//! Publishes with confirms.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::sync::Mutex;

use super::{
    connection::{self, Connection},
    wire::{map_error, properties},
};
use crate::{BusError, Exchange, Message, MessageKey};

/// Messages in flight without a confirm.
const WINDOW: usize = 100;

/// One channel in confirm mode. Callers take turns, so that confirmations and messages stay in step.
pub(super) struct Publisher {
    connection: Arc<Connection>,
    key: Option<MessageKey>,
    channel: Mutex<Option<Channel>>,
}

impl Publisher {
    pub(super) fn new(connection: Arc<Connection>, key: Option<MessageKey>) -> Self {
        Self { connection, key, channel: Mutex::default() }
    }

    pub(super) async fn declare(&self, exchange: Exchange) -> Result<(), BusError> {
        connection::declare_now(&self.connection, exchange).await
    }

    /// Continues over broken connections, from the first message that is not confirmed, until all are
    /// or the caller drops the future.
    pub(super) async fn publish(&self, messages: &[Message]) -> Result<(), BusError> {
        let mut open = self.channel.lock().await;
        let mut remaining = messages;
        while !remaining.is_empty() {
            // Taken out, so that a dropped call leaves no channel behind: its confirms may still arrive.
            let channel = match open.take().filter(|channel| channel.status().connected()) {
                Some(channel) => channel,
                None => self.open().await?,
            };
            let (confirmed, ended) = self.send(&channel, remaining).await;
            remaining = &remaining[confirmed..];
            match ended {
                Ok(()) => *open = Some(channel),
                Err(error @ BusError::Refused(_)) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, source = ?std::error::Error::source(&error), remaining = remaining.len(), "connection lost while publishing; retrying");
                }
            }
        }
        Ok(())
    }

    /// The number of leading messages that are confirmed, and the error of the next one.
    async fn send(&self, channel: &Channel, messages: &[Message]) -> (usize, Result<(), BusError>) {
        // A message is written when its future is first polled, and `buffered` polls first in the order of the stream.
        let sending: Vec<_> = messages.iter().map(|message| send_one(channel, message, self.key.as_ref())).collect();
        let mut sending = stream::iter(sending).buffered(WINDOW);
        for (confirmed, message) in messages.iter().enumerate() {
            let sent = self.connection.with_warning("basic.publish", &message.exchange, sending.next()).await;
            if let Some(Err(error)) = sent {
                return (confirmed, Err(error));
            }
        }
        (messages.len(), Ok(()))
    }

    async fn open(&self) -> Result<Channel, BusError> {
        loop {
            let channel = self.connection.channel().await?;
            let confirming = channel.confirm_select(ConfirmSelectOptions::default());
            match self.connection.response("confirm.select", "", confirming).await {
                Ok(()) => return Ok(channel),
                Err(error) => tracing::debug!(%error, "channel closed before its first message; retrying"),
            }
        }
    }
}

async fn send_one(channel: &Channel, message: &Message, key: Option<&MessageKey>) -> Result<(), BusError> {
    let exchange = ShortString::from(&*message.exchange);
    let routing_key = ShortString::from(message.routing_key.as_str());
    let written = publish(channel, exchange, routing_key, &message.body, properties(message, key)).await?;
    match written.await.map_err(map_error)? {
        Confirmation::Ack(_) => Ok(()),
        Confirmation::Nack(_) | Confirmation::NotRequested => {
            Err(BusError::Unavailable("the broker rejected the message".into()))
        }
    }
}

pub(super) async fn publish(
    channel: &Channel,
    exchange: ShortString,
    key: ShortString,
    body: &[u8],
    properties: BasicProperties,
) -> Result<lapin::PublisherConfirm, BusError> {
    let options = BasicPublishOptions::default();
    channel.basic_publish(exchange, key, options, body, properties).await.map_err(map_error)
}
