//! The work: a greeting is an event, and greetings are counted now and then.
//!
//! Owns: in memory, how many were greeted by this process.

use std::{
    borrow::Cow,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actors::kit::{Next, Notifier, Periodic};
use base::Clock;
use db::{Db, DbError, NewServiceEvent};
use protocol::exchanges::{ExchangeDeclaration, RoutingKeyError};
use serde_json::json;

#[derive(Clone)]
pub(crate) struct Greeter {
    db: Db,
    clock: Arc<dyn Clock>,
    word: String,
    relay: Notifier,
    exchange: &'static ExchangeDeclaration,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    greeted: AtomicUsize,
    counted: AtomicUsize,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum GreetError {
    #[error("a name cannot be part of a routing key")]
    Key(#[from] RoutingKeyError),
    #[error("the greeting could not be stored")]
    Db(#[from] DbError),
}

/// Counts the greetings so far.
pub(crate) struct Counter(pub(crate) Greeter);

impl Greeter {
    pub(crate) fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        word: String,
        relay: Notifier,
        exchange: &'static ExchangeDeclaration,
    ) -> Self {
        Self { db, clock, word, relay, exchange, counts: Arc::default() }
    }

    /// The greeting, once its event is stored.
    pub(crate) async fn greet(&self, name: &str) -> Result<String, GreetError> {
        let routing_key = self.exchange.routing_key(|word| (word == "name").then_some(Cow::Borrowed(name)))?;
        let greeting = format!("{}, {name}", self.word);
        let body = json!({ "version": 1, "name": name, "greeting": greeting }).to_string();
        let event = NewServiceEvent { exchange: self.exchange, routing_key, cc: Vec::new(), body };
        self.db.emit_service_event(&event, self.clock.now()).await?;
        self.relay.notify();
        self.counts.greeted.fetch_add(1, Ordering::Relaxed);
        Ok(greeting)
    }

    /// How many were greeted when they were last counted.
    pub(crate) fn counted(&self) -> usize {
        self.counts.counted.load(Ordering::Relaxed)
    }
}

impl Periodic for Counter {
    type Error = Infallible;

    async fn run(&mut self) -> Result<Next, Infallible> {
        let counts = &self.0.counts;
        counts.counted.store(counts.greeted.load(Ordering::Relaxed), Ordering::Relaxed);
        Ok(Next::DONE)
    }
}
