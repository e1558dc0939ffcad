//! The bus within one process.

mod calls;
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
use calls::Calls;
use queue::{MemoryQueue, Overflow};
use routes::Routes;
use tokio::time::timeout;

use crate::{
    Binding, Bus, BusError, Consumer, ContentType, Exchange, Message, Queue, Received, RefusedBinding, ReplyTo,
    Subscription, TransportError, consumer::Source, topic::Pattern,
};

/// Messages in a queue before its publishers have to wait, or, if it is ephemeral, before it drops the next.
const CAPACITY: usize = 10_000;

/// Exchanges and queues in memory. Nothing outlives the process; what has to is in the outbox.
///
/// A full durable queue makes its publishers wait, so whoever subscribes must keep consuming.
#[derive(Clone)]
pub struct MemoryBus {
    routes: Arc<Mutex<Routes>>,
    calls: Arc<Calls>,
    capacity: usize,
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl MemoryBus {
    pub fn with_capacity(capacity: usize) -> Self {
        Self { routes: Arc::default(), calls: Arc::default(), capacity }
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
                if queue.confirms_after_ack() {
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
        timeout(deadline, self.send(messages)).await.unwrap_or(Err(BusError::Timeout))
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError> {
        subscription.check()?;
        let mut routes = self.routes();
        let queue = match &subscription.queue {
            Queue::Durable { name, max_length } => routes.durable(name, *max_length, self.capacity)?,
            Queue::Inbox { name } => self.calls.add_server(name, self.capacity),
            Queue::Ephemeral => Arc::new(MemoryQueue::new(self.capacity, Overflow::DropNewest)),
        };
        for binding in &subscription.bindings {
            match routes.bind(&binding.exchange, &Pattern::new(&binding.pattern), &queue) {
                Err(BusError::Refused(_)) if subscription.tolerant => {}
                bound => bound?,
            }
        }
        if subscription.confirm_after_ack {
            queue.confirm_after_ack();
        }
        let prefetch = subscription.prefetch.max(1).into();
        Ok(Consumer::new(Subscriber {
            reader: queue::Reader::new(queue, prefetch, subscription.single_active_consumer),
            routes: self.routes.clone(),
            calls: self.calls.clone(),
            from: subscription.queue,
        }))
    }

    async fn rebind(
        &self,
        queue: &str,
        bindings: &[Binding],
        obsolete: &[Binding],
    ) -> Result<Vec<RefusedBinding>, BusError> {
        let mut routes = self.routes();
        let queue = routes.queue(queue)?;
        for binding in obsolete {
            routes.unbind(&binding.exchange, &Pattern::new(&binding.pattern), &queue);
        }
        let mut refused = Vec::new();
        for binding in bindings {
            match routes.bind(&binding.exchange, &Pattern::new(&binding.pattern), &queue) {
                Ok(()) => {}
                Err(BusError::Refused(reason)) => refused.push(RefusedBinding { binding: binding.clone(), reason }),
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }

    async fn queue_length(&self, queue: &str) -> Result<u32, BusError> {
        let queue = self.routes().queue(queue)?;
        Ok(u32::try_from(queue.len()).unwrap_or(u32::MAX))
    }

    async fn delete_queue(&self, queue: &str) -> Result<(), BusError> {
        self.routes().delete(queue);
        Ok(())
    }

    fn notify(&self, exchange: &str, body: Bytes) {
        let message = Message {
            exchange: exchange.into(),
            routing_key: String::new(),
            cc: Vec::new(),
            content_type: ContentType::Protobuf,
            body,
            id: String::new(),
            replayed: false,
        };
        let Ok(queues) = self.routes().queues(&message) else { return };
        let message = Arc::new(message);
        for queue in queues {
            queue.offer(&message);
        }
    }

    async fn call(&self, inbox: &str, request: Bytes, deadline: Duration) -> Result<Bytes, TransportError> {
        self.calls.call(inbox, request, deadline).await
    }

    async fn reply(&self, to: &ReplyTo, response: Bytes) -> Result<(), BusError> {
        self.calls.reply(to, response);
        Ok(())
    }

    fn may_have_subscribers(&self, exchange: &str, first_word: &str) -> bool {
        self.routes().may_take(exchange, first_word)
    }

    async fn close(&self) {
        self.routes().close();
    }
}

/// One consumer of a queue.
struct Subscriber {
    reader: queue::Reader,
    routes: Arc<Mutex<Routes>>,
    calls: Arc<Calls>,
    from: Queue,
}

#[async_trait]
impl Source for Subscriber {
    async fn next(&mut self) -> Option<Received> {
        self.reader.next().await
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        match &self.from {
            Queue::Durable { .. } => {}
            Queue::Inbox { name } => self.calls.remove_server(name),
            Queue::Ephemeral => {
                self.routes.lock().unwrap_or_else(PoisonError::into_inner).remove(self.reader.queue());
            }
        }
    }
}
