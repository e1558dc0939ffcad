//! Sending with confirmation.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::sync::Mutex;

use super::{
    link::{self, Link},
    wire::{properties, refused_or_away},
};
use crate::{BusError, Exchange, Message, MessageKey};

/// Messages on their way whose confirmation is still awaited.
const WINDOW: usize = 100;

/// One channel in confirm mode. Callers take turns, so that confirmations and messages stay in step.
pub(super) struct Publisher {
    link: Arc<Link>,
    key: Option<MessageKey>,
    channel: Mutex<Option<Channel>>,
}

impl Publisher {
    pub(super) fn new(link: Arc<Link>, key: Option<MessageKey>) -> Self {
        Self { link, key, channel: Mutex::default() }
    }

    pub(super) async fn declare(&self, exchange: Exchange) -> Result<(), BusError> {
        link::declare_now(&self.link, exchange).await
    }

    /// Goes on over broken connections, from the first message that is not confirmed, until all are
    /// or the caller gives up.
    pub(super) async fn publish(&self, messages: &[Message]) -> Result<(), BusError> {
        let mut turn = self.channel.lock().await;
        let mut left = messages;
        while !left.is_empty() {
            // A publish that was given up in the middle leaves no channel behind, for its confirmations may still come.
            let channel = match turn.take().filter(|channel| channel.status().connected()) {
                Some(channel) => channel,
                None => self.open().await?,
            };
            let (confirmed, ended) = self.send(&channel, left).await;
            left = &left[confirmed..];
            match ended {
                Ok(()) => *turn = Some(channel),
                Err(error @ BusError::Refused(_)) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, source = ?std::error::Error::source(&error), left = left.len(), "sending again");
                }
            }
        }
        Ok(())
    }

    /// How many messages from the first on are confirmed, and whether all are.
    async fn send(&self, channel: &Channel, messages: &[Message]) -> (usize, Result<(), BusError>) {
        // A message is written when its future is first polled, and `buffered` polls first in the order of the stream.
        let sending: Vec<_> = messages.iter().map(|message| send_one(channel, message, self.key.as_ref())).collect();
        let mut sending = stream::iter(sending).buffered(WINDOW);
        for (confirmed, message) in messages.iter().enumerate() {
            let sent = self.link.watched("basic.publish", &message.exchange, sending.next()).await;
            if let Some(Err(error)) = sent {
                return (confirmed, Err(error));
            }
        }
        (messages.len(), Ok(()))
    }

    async fn open(&self) -> Result<Channel, BusError> {
        loop {
            let channel = self.link.channel().await?;
            let confirming = channel.confirm_select(ConfirmSelectOptions::default());
            match self.link.answer("confirm.select", "", confirming).await {
                Ok(()) => return Ok(channel),
                Err(error) => tracing::debug!(%error, "a channel ended before its first message"),
            }
        }
    }
}

async fn send_one(channel: &Channel, message: &Message, key: Option<&MessageKey>) -> Result<(), BusError> {
    let exchange = ShortString::from(&*message.exchange);
    let routing_key = ShortString::from(message.routing_key.as_str());
    let written = publish(channel, exchange, routing_key, &message.body, properties(message, key)).await?;
    match written.await.map_err(refused_or_away)? {
        Confirmation::Ack(_) => Ok(()),
        Confirmation::Nack(_) | Confirmation::NotRequested => Err(BusError::Away("the broker did not keep it".into())),
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
    channel.basic_publish(exchange, key, options, body, properties).await.map_err(refused_or_away)
}
