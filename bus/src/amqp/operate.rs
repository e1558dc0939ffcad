//! What operators do with single queues.

use std::time::Duration;

use lapin::{
    options::{ConfirmSelectOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};
use tokio::time::timeout;

use super::{
    AmqpBus,
    publish::publish,
    wire::{properties, refused_or_away},
};
use crate::{BusError, Message, message::check_name};

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    pub messages: u32,
    pub consumers: u32,
}

impl AmqpBus {
    /// How many messages wait in a queue, and for how many consumers; refused if there is no such queue.
    pub async fn depth(&self, queue: &str, deadline: Duration) -> Result<QueueDepth, BusError> {
        let asked = async {
            let channel = self.out.channel().await?;
            let depth = depth(&channel, queue).await;
            if depth.is_ok() {
                let _ = channel.close(200, "OK".into()).await;
            }
            depth
        };
        timeout(deadline, asked).await.unwrap_or_else(|_| Err(self.out.late()))
    }

    /// Sends messages to one queue and to nobody else, marked as replayed. Returns once all of them are safe.
    pub async fn send_to(&self, queue: &str, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        check_name("queue name", queue)?;
        messages.iter().try_for_each(Message::check)?;
        timeout(deadline, self.send_all(queue, messages)).await.unwrap_or_else(|_| Err(self.out.late()))
    }

    /// Through the exchange that every broker has, which leads to the queue of the name that is the routing key.
    async fn send_all(&self, queue: &str, messages: &[Message]) -> Result<(), BusError> {
        let channel = self.out.channel().await?;
        // What is sent to a queue that is not there would be confirmed, and lost.
        depth(&channel, queue).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(refused_or_away)?;
        let mut sent = Vec::with_capacity(messages.len());
        for message in messages {
            let replayed = Message { replayed: true, ..message.clone() };
            let (exchange, key) = (ShortString::default(), ShortString::from(queue));
            sent.push(publish(&channel, exchange, key, &replayed.body, properties(&replayed)).await?);
        }
        for confirm in sent {
            if !confirm.await.map_err(refused_or_away)?.is_ack() {
                return Err(BusError::Away("the broker did not keep it".into()));
            }
        }
        let _ = channel.close(200, "OK".into()).await;
        Ok(())
    }
}

async fn depth(channel: &lapin::Channel, queue: &str) -> Result<QueueDepth, BusError> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let name = ShortString::try_new(queue).map_err(|_| BusError::Refused("the queue name is too long".to_owned()))?;
    let queue = channel.queue_declare(name, options, FieldTable::default()).await.map_err(refused_or_away)?;
    Ok(QueueDepth { messages: queue.message_count(), consumers: queue.consumer_count() })
}
