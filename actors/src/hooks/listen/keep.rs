//! Keeps queues and consumers as the hooks want them.

use std::collections::HashSet;

use bus::{Binding as BusBinding, RefusedBinding, Subscription};
use db::hooks::HookListener;
use serde_json::{Value, json};

use super::{COMPARE, ListenError, Listeners, MEASURE, Result, is_due, listener::Listener};
use crate::hooks::{Binding, HookError, HookName};

impl Listeners {
    /// Whether there was anything to do.
    pub(in crate::hooks) async fn keep(&mut self) -> Result<bool> {
        let rows = self.hooks.0.db.hook_listeners().await.map_err(HookError::from)?;
        let compare = is_due(&mut self.compared, COMPARE);
        let (mut changed, mut seen) = (false, HashSet::new());
        for row in &rows {
            let name = HookName::new(&row.hook_group_id, &row.hook_id);
            match self.keep_one(&name, row, compare).await {
                Ok(one) => changed |= one,
                // What is away is away for all of them: they are looked at again soon, and go on as they are until then.
                Err(error) if error.is_retryable() => {
                    self.compared = None;
                    return Err(error);
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(hook = %name, error, "the queue of a hook cannot be kept as it should be");
                }
            }
            seen.insert(name);
        }
        // Of hooks whose queue another process has deleted.
        self.running.retain(|name, _| seen.contains(name));
        if is_due(&mut self.measured, MEASURE) {
            self.measure().await;
        }
        Ok(changed)
    }

    async fn keep_one(&mut self, name: &HookName, row: &HookListener, compare: bool) -> Result<bool> {
        let Some(wanted) = &row.bindings else {
            self.running.remove(name);
            self.delete(name).await?;
            return Ok(true);
        };
        if self.running.get(name).is_some_and(|listener| listener.is_for(wanted)) {
            if compare {
                self.compare(name, wanted, row.bound.as_deref().unwrap_or("[]")).await?;
            }
            return Ok(false);
        }
        self.running.remove(name);
        let bound = self.hooks.0.db.hook_queue_prepare(name.parts(), wanted).await.map_err(HookError::from)?;
        let listener = self.listen(name, wanted).await?;
        self.running.insert(name.clone(), listener);
        self.compare(name, wanted, &bound).await?;
        tracing::info!(hook = %name, "listening for a hook");
        Ok(true)
    }

    async fn listen(&self, name: &HookName, wanted: &str) -> Result<Listener> {
        let (inner, queue) = (&self.hooks.0, self.queue(name));
        let mut subscription = Subscription::bounded(&queue, inner.settings.pulse_max_length)
            .prefetch(Listener::IN_FLIGHT)
            // Of several processes one has the messages of a hook, so that no more of them are in flight.
            .single_active_consumer()
            .tolerant();
        subscription.bindings = bindings(name, wanted)?;
        let consumer = self.context.bus.subscribe(subscription).await?;
        Ok(Listener::start(inner, name, &queue, wanted, consumer, &self.permits))
    }

    /// Gives the queue the wanted bindings, takes away the others that it may have, and notes the result.
    async fn compare(&self, name: &HookName, wanted: &str, bound: &str) -> Result<()> {
        let (wanted_bindings, mut obsolete) = (bindings(name, wanted)?, bindings(name, bound)?);
        obsolete.retain(|binding| !wanted_bindings.contains(binding));
        let refused = self.context.bus.rebind(&self.queue(name), &wanted_bindings, &obsolete).await?;
        let refused = refused.iter().map(shown).collect::<Value>().to_string();
        let inner = &self.hooks.0;
        let noted = inner.db.hook_queue_bound(name.parts(), wanted, &refused, inner.clock.now()).await;
        Ok(noted.map_err(HookError::from)?)
    }

    async fn delete(&self, name: &HookName) -> Result<()> {
        self.context.bus.delete_queue(&self.queue(name)).await?;
        self.hooks.0.db.hook_queue_delete(name.parts()).await.map_err(HookError::from)?;
        tracing::info!(hook = %name, "the queue of a hook is deleted");
        Ok(())
    }

    /// A queue that is as long as it may be drops messages, or is about to.
    async fn measure(&self) {
        let most = self.hooks.0.settings.pulse_max_length;
        for name in self.running.keys() {
            let Ok(length) = self.context.bus.queue_length(&self.queue(name)).await else { continue };
            if length >= most {
                tracing::warn!(hook = %name, messages = length, "the queue of a hook is full");
                let reason = format!("the queue was seen full, with {most} messages: the oldest are dropped");
                self.hooks.0.discard(name, &reason).await;
            }
        }
    }

    fn queue(&self, name: &HookName) -> String {
        format!("queue/{}/{name}", self.context.namespace)
    }
}

impl ListenError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Hook(error) => error.is_of_database(),
            Self::Bus(error) => error.is_retryable(),
        }
    }
}

fn bindings(name: &HookName, text: &str) -> Result<Vec<BusBinding>> {
    let read: Vec<Binding> =
        serde_json::from_str(text).map_err(|cause| HookError::Stored { name: name.clone(), cause })?;
    Ok(read.into_iter().map(BusBinding::from).collect())
}

fn shown(refused: &RefusedBinding) -> Value {
    let RefusedBinding { binding: BusBinding { exchange, pattern }, reason } = refused;
    json!({ "exchange": exchange, "routingKeyPattern": pattern, "reason": reason })
}

impl From<Binding> for BusBinding {
    fn from(Binding { exchange, routing_key_pattern }: Binding) -> Self {
        Self { exchange, pattern: routing_key_pattern }
    }
}
