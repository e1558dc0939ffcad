//! The bus within one process.

mod queue;
mod routes;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use queue::{MemoryQueue, Overflow};
use routes::Routes;
use tokio::time::timeout;

use crate::{
    Bus, BusError, Consumer, ContentType, Exchange, Message, Queue, Received, Subscription, consumer::Source,
    topic::Pattern,
};

/// Messages a queue holds before its publishers have to wait, or, if it is ephemeral, before it loses the next.
const CAPACITY: usize = 10_000;

/// Exchanges and queues in memory. Nothing outlives the process; what must is in the outbox.
///
/// A full durable queue makes its publishers wait, so whoever subscribes must keep consuming.
#[derive(Clone)]
pub struct MemoryBus {
    routes: Arc<Mutex<Routes>>,
    capacity: usize,
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl MemoryBus {
    pub fn with_capacity(capacity: usize) -> Self {
        Self { routes: Arc::default(), capacity }
    }

    fn routes(&self) -> MutexGuard<'_, Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, messages: &[Message]) -> Result<(), BusError> {
        let mut awaited = Vec::new();
        for message in messages {
            let queues = self.routes().queues(message)?;
            if queues.is_empty() {
                continue;
            }
            let message = Arc::new(message.clone());
            for queue in queues {
                let number = queue.push(message.clone()).await?;
                if queue.settles_first() {
                    awaited.push((queue, number));
                }
            }
        }
        for (queue, number) in awaited {
            queue.settled(number).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn declare(&self, exchange: Exchange) -> Result<(), BusError> {
        self.routes().declare(exchange)
    }

    async fn publish(&self, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        messages.iter().try_for_each(Message::check)?;
        timeout(deadline, self.send(messages)).await.unwrap_or(Err(BusError::Late))
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError> {
        subscription.check()?;
        let mut routes = self.routes();
        let (queue, ephemeral) = match &subscription.queue {
            Queue::Durable { name, max_length } => (routes.durable(name, *max_length, self.capacity)?, false),
            Queue::Ephemeral => (Arc::new(MemoryQueue::new(self.capacity, Overflow::Lose)), true),
        };
        for binding in &subscription.bindings {
            routes.bind(&binding.exchange, &Pattern::new(&binding.pattern), &queue)?;
        }
        if subscription.settled_first {
            queue.settle_first();
        }
        let prefetch = subscription.prefetch.max(1).into();
        Ok(Consumer::new(Subscriber {
            reader: queue::Reader::new(queue, prefetch),
            routes: self.routes.clone(),
            ephemeral,
        }))
    }

    fn wake(&self, exchange: &str, body: Bytes) {
        let message = Message {
            exchange: exchange.into(),
            routing_key: String::new(),
            cc: Vec::new(),
            content_type: ContentType::Protobuf,
            body,
        };
        let Ok(queues) = self.routes().queues(&message) else { return };
        let message = Arc::new(message);
        for queue in queues {
            queue.offer(&message);
        }
    }

    fn may_be_heard(&self, exchange: &str) -> bool {
        self.routes().is_bound(exchange)
    }

    async fn close(&self) {
        self.routes().close();
    }
}

/// One consumer of a queue; its own, if the queue is ephemeral.
struct Subscriber {
    reader: queue::Reader,
    routes: Arc<Mutex<Routes>>,
    ephemeral: bool,
}

#[async_trait]
impl Source for Subscriber {
    async fn next(&mut self) -> Option<Received> {
        self.reader.next().await
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        if self.ephemeral {
            self.routes.lock().unwrap_or_else(PoisonError::into_inner).forget(self.reader.queue());
        }
    }
}
