//! The build listener of one master: receives the master's events and queues the requests they are about for a check.
//!
//! Owns: the connection to the master's event source, while this process holds the master's lease.
//! Woken by: the master's events.
//! Emits: notifications to the reconciler, and to the log copier about logs that grew.

use std::{
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};

use crate::{
    driver::{Event, EventSource, MasterDriver},
    reconciler::Shared,
};

/// The longest wait in one message, so that the actor can be stopped in between.
const MAX_WAIT: Duration = Duration::from_millis(500);
/// Events that are received before the lease is checked again.
const BATCH: usize = 200;

pub(crate) struct BuildListener {
    shared: Arc<Shared>,
    reconciler: Notifier,
    source: Option<Box<dyn EventSource>>,
}

pub(crate) fn child(shared: Arc<Shared>, reconciler: Notifier) -> Child {
    let name = format!("bridge/{}/builds", shared.master.name());
    let schedule = Schedule::every(MAX_WAIT, shared.master.rng.branch("builds"));
    let make =
        move |_: &Notifier| BuildListener { shared: shared.clone(), reconciler: reconciler.clone(), source: None };
    schedule.child(&name, make).0
}

impl Periodic for BuildListener {
    type Error = Infallible;

    async fn run(&mut self) -> Result<Next, Infallible> {
        if !self.shared.leads.load(Ordering::Relaxed) {
            self.source = None;
            self.shared.master.receives_events.store(false, Ordering::Relaxed);
            return Ok(Next::DONE);
        }
        let mut source = self.source.take().unwrap_or_else(|| self.shared.master.driver.events());
        for _ in 0..BATCH {
            // `next` is cancel-safe.
            match tokio::time::timeout(MAX_WAIT, source.next()).await {
                Ok(event) => self.handle_event(&event),
                Err(_) => break,
            }
        }
        self.source = Some(source);
        Ok(Next::AGAIN)
    }

    async fn stop(&mut self) {
        self.shared.master.receives_events.store(false, Ordering::Relaxed);
    }
}

impl BuildListener {
    fn handle_event(&self, event: &Event) {
        let Shared { master, checks, .. } = &*self.shared;
        master.metrics.count_event(master.name());
        match event {
            Event::Connected => {
                tracing::info!(master = master.name(), "connected to the events of the master");
                master.receives_events.store(true, Ordering::Relaxed);
                checks.add_all();
            }
            Event::Disconnected(reason) => {
                if master.receives_events.swap(false, Ordering::Relaxed) {
                    tracing::warn!(master = master.name(), reason, "connection to the events of the master lost");
                }
                checks.add_all();
            }
            Event::Request(request) => checks.add(*request),
            Event::Build { request, .. } => {
                master.finish_times.record(*request, master.now());
                checks.add(*request);
            }
            Event::Log(log) => return master.logs.grew(*log),
        }
        self.reconciler.notify();
    }
}
