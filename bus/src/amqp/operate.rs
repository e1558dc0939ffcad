//! Operations of administrators on single queues.

use std::time::Duration;

use lapin::{
    options::{ConfirmSelectOptions, ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::{FieldTable, ShortString},
};
use tokio::time::timeout;

use super::{
    AmqpBus,
    connection::Connection,
    publish::publish,
    wire::{map_error, properties},
};
use crate::{BusError, Message, message::check_name};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    pub messages: u32,
    pub consumers: u32,
}

impl AmqpBus {
    /// Messages and consumers of a queue; refused if there is no such queue.
    pub async fn depth(&self, queue: &str, deadline: Duration) -> Result<QueueDepth, BusError> {
        let asked = async {
            let channel = self.out.channel().await?;
            let depth = depth(&self.out, &channel, queue).await;
            if depth.is_ok() {
                self.out.close_channel(&channel).await;
            }
            depth
        };
        timeout(deadline, asked).await.unwrap_or_else(|_| Err(self.out.timeout_error("queue.declare", deadline)))
    }

    /// Sends messages to one queue only, marked as replayed. Returns once all are confirmed.
    pub async fn send_to(&self, queue: &str, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        check_name("queue name", queue)?;
        messages.iter().try_for_each(Message::check)?;
        let sent = timeout(deadline, self.send_all(queue, messages)).await;
        sent.unwrap_or_else(|_| Err(self.out.timeout_error("basic.publish", deadline)))
    }

    /// Deletes queues with their messages, and exchanges. Missing ones are ignored.
    pub async fn delete(&self, queues: &[String], exchanges: &[String], deadline: Duration) -> Result<(), BusError> {
        let deleted = timeout(deadline, self.delete_all(queues, exchanges)).await;
        deleted.unwrap_or_else(|_| Err(self.out.timeout_error("queue.delete", deadline)))
    }

    async fn delete_all(&self, queues: &[String], exchanges: &[String]) -> Result<(), BusError> {
        let channel = self.out.channel().await?;
        for queue in queues {
            let deleted = channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default());
            self.out.response("queue.delete", queue, deleted).await?;
        }
        for exchange in exchanges {
            let deleted = channel.exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default());
            self.out.response("exchange.delete", exchange, deleted).await?;
        }
        self.out.close_channel(&channel).await;
        Ok(())
    }

    /// Through the default exchange, which routes to the queue that the routing key names.
    async fn send_all(&self, queue: &str, messages: &[Message]) -> Result<(), BusError> {
        let channel = self.out.channel().await?;
        // A message to a missing queue would be confirmed and lost.
        depth(&self.out, &channel, queue).await?;
        let confirming = channel.confirm_select(ConfirmSelectOptions::default());
        self.out.response("confirm.select", queue, confirming).await?;
        let mut sent = Vec::with_capacity(messages.len());
        for message in messages {
            let replayed = Message { replayed: true, ..message.clone() };
            let (exchange, key) = (ShortString::default(), ShortString::from(queue));
            sent.push(
                publish(&channel, exchange, key, &replayed.body, properties(&replayed, self.key.as_ref())).await?,
            );
        }
        for confirm in sent {
            if !confirm.await.map_err(map_error)?.is_ack() {
                return Err(BusError::Unavailable("the broker rejected the message".into()));
            }
        }
        self.out.close_channel(&channel).await;
        Ok(())
    }
}

async fn depth(connection: &Connection, channel: &lapin::Channel, queue: &str) -> Result<QueueDepth, BusError> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let name = ShortString::try_new(queue).map_err(|_| BusError::Refused("the queue name is too long".to_owned()))?;
    let declared = channel.queue_declare(name, options, FieldTable::default());
    let queue = connection.response("queue.declare", queue, declared).await?;
    Ok(QueueDepth { messages: queue.message_count(), consumers: queue.consumer_count() })
}
