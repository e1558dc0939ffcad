//! One hook's consumer: takes messages, fires, and acknowledges them once the fire is in the database.

use std::{sync::Arc, time::Duration};

use base::Backoff;
use bus::{Consumer, Received};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::sync::Semaphore;

use super::incoming::Incoming;
use crate::{
    hooks::{HookError, HookName, Inner},
    kit::{Background, DeadLetters, Delivery},
};

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_mins(1);

/// Consumes the queue of a hook until it is dropped: messages that are under way come again, and their fires have a key.
pub(super) struct Listener {
    bindings: String,
    task: Background,
}

struct Worker {
    inner: Arc<Inner>,
    name: HookName,
    permits: Arc<Semaphore>,
    dead_letters: DeadLetters,
}

impl Listener {
    /// Messages of one hook that are being worked on, or wait to be tried again.
    pub(super) const IN_FLIGHT: u16 = 20;

    pub(super) fn start(
        inner: &Arc<Inner>,
        name: &HookName,
        queue: &str,
        bindings: &str,
        consumer: Consumer,
        permits: &Arc<Semaphore>,
    ) -> Self {
        let dead_letters = DeadLetters::new(inner.db.clone(), inner.clock.clone(), queue);
        let worker = Worker { inner: inner.clone(), name: name.clone(), permits: permits.clone(), dead_letters };
        let task = Background::start(async move { worker.run(consumer).await });
        Self { bindings: bindings.to_owned(), task }
    }

    /// Whether it consumes, with these bindings.
    pub(super) fn is_for(&self, bindings: &str) -> bool {
        self.bindings == bindings && !self.task.has_ended()
    }
}

impl Worker {
    async fn run(&self, mut consumer: Consumer) {
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                received = consumer.next(), if under_way.len() < usize::from(Listener::IN_FLIGHT) => match received {
                    Some(Received::Delivery(delivery)) => under_way.push(self.take(delivery.into())),
                    // The queue is durable: nothing is lost.
                    Some(Received::Gap) => {}
                    None => return,
                },
                Some(()) = under_way.next() => {}
            }
        }
    }

    async fn take(&self, mut delivery: Delivery) {
        if delivery.failures() >= DeadLetters::MAX_DELIVERIES {
            let reason = format!("it was delivered {} times and never acknowledged", delivery.failures());
            return self.dead_letters.add(delivery, &reason).await;
        }
        let incoming = Incoming::new(delivery.message(), delivery.failures() > 0, &self.inner.rng);
        let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY, self.inner.rng.clone());
        loop {
            let Err(error) = self.fire(&incoming).await else { return delivery.ack() };
            // While the database is away there are no dead letters either.
            if !error.is_of_database() && delivery.failed() >= DeadLetters::MAX_FAILURES {
                let reason = format!("the hook {} could not be fired: {error}", self.name);
                return self.dead_letters.add(delivery, &reason).await;
            }
            let retry_in = backoff.next_wait();
            log_retry(&self.name, &error, retry_in);
            tokio::time::sleep(retry_in).await;
        }
    }

    async fn fire(&self, incoming: &Incoming) -> Result<(), HookError> {
        // Closed by nobody.
        let _permit = self.permits.acquire().await;
        self.inner.fire_message(&self.name, incoming).await
    }
}

fn log_retry(hook: &HookName, error: &HookError, retry_in: Duration) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(%hook, error, ?retry_in, "a message waits to fire its hook");
}
