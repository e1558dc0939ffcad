//! Which message goes into which queues.

use std::{collections::HashMap, sync::Arc};

use super::queue::{MemoryQueue, Overflow};
use crate::{
    BusError, Exchange, ExchangeKind, Message,
    topic::{Pattern, words},
};

#[derive(Default)]
pub(super) struct Routes {
    exchanges: HashMap<Arc<str>, Bound>,
    durable: HashMap<String, Arc<MemoryQueue>>,
    closed: bool,
}

struct Bound {
    kind: ExchangeKind,
    bindings: Vec<(Pattern, Arc<MemoryQueue>)>,
}

impl Routes {
    pub(super) fn declare(&mut self, exchange: Exchange) -> Result<(), BusError> {
        self.open()?;
        let Exchange { name, kind } = exchange;
        let known = self.exchanges.entry(name.clone()).or_insert(Bound { kind, bindings: Vec::new() });
        if known.kind == kind {
            return Ok(());
        }
        Err(BusError::Refused(format!("exchange {name} exists with another kind")))
    }

    pub(super) fn durable(
        &mut self,
        name: &str,
        max_length: Option<u32>,
        capacity: usize,
    ) -> Result<Arc<MemoryQueue>, BusError> {
        self.open()?;
        let overflow = max_length.map_or(Overflow::Wait, |most| Overflow::DropOldest(most as usize));
        let queue = self.durable.entry(name.to_owned());
        Ok(queue.or_insert_with(|| Arc::new(MemoryQueue::new(capacity, overflow))).clone())
    }

    pub(super) fn bind(&mut self, exchange: &str, pattern: &Pattern, queue: &Arc<MemoryQueue>) -> Result<(), BusError> {
        self.open()?;
        let bindings = &mut self.exchanges.get_mut(exchange).ok_or_else(|| no_exchange(exchange))?.bindings;
        if !bindings.iter().any(|(known, to)| known == pattern && Arc::ptr_eq(to, queue)) {
            bindings.push((pattern.clone(), queue.clone()));
        }
        Ok(())
    }

    pub(super) fn unbind(&mut self, exchange: &str, pattern: &Pattern, queue: &Arc<MemoryQueue>) {
        if let Some(bound) = self.exchanges.get_mut(exchange) {
            bound.bindings.retain(|(known, to)| known != pattern || !Arc::ptr_eq(to, queue));
        }
    }

    /// A durable queue that exists.
    pub(super) fn queue(&self, name: &str) -> Result<Arc<MemoryQueue>, BusError> {
        self.open()?;
        let found = self.durable.get(name).cloned();
        found.ok_or_else(|| BusError::Refused(format!("there is no queue {name}")))
    }

    pub(super) fn delete(&mut self, name: &str) {
        if let Some(queue) = self.durable.remove(name) {
            self.remove(&queue);
        }
    }

    /// Each queue once, however many of its bindings and of the message's keys match.
    pub(super) fn queues(&self, message: &Message) -> Result<Vec<Arc<MemoryQueue>>, BusError> {
        self.open()?;
        let bound = self.exchanges.get(&message.exchange).ok_or_else(|| no_exchange(&message.exchange))?;
        let mut found: Vec<Arc<MemoryQueue>> = Vec::new();
        if bound.bindings.is_empty() {
            return Ok(found);
        }
        let keys: Vec<Vec<&str>> =
            std::iter::once(&message.routing_key).chain(&message.cc).map(|key| words(key)).collect();
        for (pattern, queue) in &bound.bindings {
            if found.iter().any(|known| Arc::ptr_eq(known, queue)) {
                continue;
            }
            if bound.kind == ExchangeKind::Fanout || keys.iter().any(|key| pattern.matches(key)) {
                found.push(queue.clone());
            }
        }
        Ok(found)
    }

    /// Whether some queue could get a message under a key that begins with this word.
    pub(super) fn may_take(&self, exchange: &str, first_word: &str) -> bool {
        self.exchanges.get(exchange).is_some_and(|bound| {
            bound.kind == ExchangeKind::Fanout && !bound.bindings.is_empty()
                || bound.bindings.iter().any(|(pattern, _)| pattern.may_begin_with(first_word))
        })
    }

    pub(super) fn remove(&mut self, queue: &Arc<MemoryQueue>) {
        queue.close();
        for bound in self.exchanges.values_mut() {
            bound.bindings.retain(|(_, to)| !Arc::ptr_eq(to, queue));
        }
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
        self.durable.values().for_each(|queue| queue.close());
        let bound = self.exchanges.values().flat_map(|bound| &bound.bindings);
        bound.for_each(|(_, queue)| queue.close());
    }

    fn open(&self) -> Result<(), BusError> {
        if self.closed { Err(BusError::Closed) } else { Ok(()) }
    }
}

fn no_exchange(name: &str) -> BusError {
    BusError::Refused(format!("there is no exchange {name}"))
}
