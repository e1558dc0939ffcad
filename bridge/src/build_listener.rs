//! The build listener of one master: receives the master's events and queues the requests they are about for a check.
//!
//! Owns: the connection to the master's event source, while this process holds the master's lease.
//! Woken by: the master's events.
//! Emits: notifications to the reconciler, and to the log copier about logs that grew.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actors::kit::{Child, Hint, Restart, Tick};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{
    driver::{Event, EventSource, MasterDriver},
    reconciler::{Check, Shared},
};

/// The longest wait in one message, so that the actor can be stopped in between.
const MAX_WAIT: Duration = Duration::from_millis(500);
/// Events that are received before the lease is checked again.
const BATCH: usize = 200;

pub(crate) struct Listen;

struct BuildListener {
    shared: Arc<Shared>,
    reconciler: Hint<Check>,
}

pub(crate) struct State {
    source: Option<Box<dyn EventSource>>,
    tick: Tick,
}

pub(crate) fn child(shared: Arc<Shared>, reconciler: Hint<Check>) -> Child {
    let name = format!("bridge/{}/builds", shared.master.name());
    let make = move || (BuildListener { shared: shared.clone(), reconciler: reconciler.clone() }, ());
    Child::new(&name, Restart::Always, make).0
}

impl Actor for BuildListener {
    type Msg = Listen;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Listen>, (): ()) -> Result<State, ActorProcessingErr> {
        let mut tick = Tick::new("bridge/builds");
        tick.again(&myself, Duration::ZERO, || Listen);
        Ok(State { source: None, tick })
    }

    async fn handle(
        &self,
        myself: ActorRef<Listen>,
        Listen: Listen,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if !self.shared.leads.load(Ordering::Relaxed) {
            state.source = None;
            self.shared.master.receives_events.store(false, Ordering::Relaxed);
            state.tick.again(&myself, MAX_WAIT, || Listen);
            return Ok(());
        }
        let source = state.source.get_or_insert_with(|| self.shared.master.driver.events());
        for _ in 0..BATCH {
            match tokio::time::timeout(MAX_WAIT, source.next()).await {
                Ok(event) => self.handle_event(&event),
                Err(_) => break,
            }
        }
        state.tick.again(&myself, Duration::ZERO, || Listen);
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<Listen>, _: &mut State) -> Result<(), ActorProcessingErr> {
        self.shared.master.receives_events.store(false, Ordering::Relaxed);
        Ok(())
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
        self.reconciler.give();
    }
}
