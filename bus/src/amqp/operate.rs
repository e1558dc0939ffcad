//! What operators do with single queues.

use std::time::Duration;

use lapin::{
    options::{ConfirmSelectOptions, ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::{FieldTable, ShortString},
};
use tokio::time::timeout;

use super::{
    AmqpBus,
    link::Link,
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
            let depth = depth(&self.out, &channel, queue).await;
            if depth.is_ok() {
                self.out.close_channel(&channel).await;
            }
            depth
        };
        timeout(deadline, asked).await.unwrap_or_else(|_| Err(self.out.late("queue.declare", deadline)))
    }

    /// Sends messages to one queue and to nobody else, marked as replayed. Returns once all of them are safe.
    pub async fn send_to(&self, queue: &str, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        check_name("queue name", queue)?;
        messages.iter().try_for_each(Message::check)?;
        let sent = timeout(deadline, self.send_all(queue, messages)).await;
        sent.unwrap_or_else(|_| Err(self.out.late("basic.publish", deadline)))
    }

    /// Deletes queues with all that is in them, and exchanges. What is not there is passed over.
    pub async fn delete(&self, queues: &[String], exchanges: &[String], deadline: Duration) -> Result<(), BusError> {
        let deleted = timeout(deadline, self.delete_all(queues, exchanges)).await;
        deleted.unwrap_or_else(|_| Err(self.out.late("queue.delete", deadline)))
    }

    async fn delete_all(&self, queues: &[String], exchanges: &[String]) -> Result<(), BusError> {
        let channel = self.out.channel().await?;
        for queue in queues {
            let deleted = channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default());
            self.out.answer("queue.delete", queue, deleted).await?;
        }
        for exchange in exchanges {
            let deleted = channel.exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default());
            self.out.answer("exchange.delete", exchange, deleted).await?;
        }
        self.out.close_channel(&channel).await;
        Ok(())
    }

    /// Through the exchange that every broker has, which leads to the queue of the name that is the routing key.
    async fn send_all(&self, queue: &str, messages: &[Message]) -> Result<(), BusError> {
        let channel = self.out.channel().await?;
        // What is sent to a queue that is not there would be confirmed, and lost.
        depth(&self.out, &channel, queue).await?;
        let confirming = channel.confirm_select(ConfirmSelectOptions::default());
        self.out.answer("confirm.select", queue, confirming).await?;
        let mut sent = Vec::with_capacity(messages.len());
        for message in messages {
            let replayed = Message { replayed: true, ..message.clone() };
            let (exchange, key) = (ShortString::default(), ShortString::from(queue));
            sent.push(
                publish(&channel, exchange, key, &replayed.body, properties(&replayed, self.key.as_ref())).await?,
            );
        }
        for confirm in sent {
            if !confirm.await.map_err(refused_or_away)?.is_ack() {
                return Err(BusError::Away("the broker did not keep it".into()));
            }
        }
        self.out.close_channel(&channel).await;
        Ok(())
    }
}

async fn depth(link: &Link, channel: &lapin::Channel, queue: &str) -> Result<QueueDepth, BusError> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let name = ShortString::try_new(queue).map_err(|_| BusError::Refused("the queue name is too long".to_owned()))?;
    let declared = channel.queue_declare(name, options, FieldTable::default());
    let queue = link.answer("queue.declare", queue, declared).await?;
    Ok(QueueDepth { messages: queue.message_count(), consumers: queue.consumer_count() })
}
