//! The build listener of one master: turns what the master tells into pokes.
//!
//! Owns: the connection, while this process looks after the master.
//! Woken by: the master's events.
//! Tells: the reflector which requests to look at, and the log copier which logs grew.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actors::kit::{Child, Hint, Restart, Tick};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{
    driver::{Event, EventSource, MasterDriver},
    reflector::{Look, Shared},
};

/// How long it waits in one go, so that it can be stopped in between.
const PATIENCE: Duration = Duration::from_millis(500);
/// Events that are taken up before the next look at whether to go on.
const AT_ONCE: usize = 200;

pub(crate) struct Listen;

struct BuildListener {
    shared: Arc<Shared>,
    reflector: Hint<Look>,
}

pub(crate) struct Desk {
    source: Option<Box<dyn EventSource>>,
    tick: Tick,
}

pub(crate) fn part(shared: Arc<Shared>, reflector: Hint<Look>) -> Child {
    let name = format!("bridge/{}/builds", shared.master.name());
    let make = move || (BuildListener { shared: shared.clone(), reflector: reflector.clone() }, ());
    Child::new(&name, Restart::Always, make).0
}

impl Actor for BuildListener {
    type Msg = Listen;
    type State = Desk;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Listen>, (): ()) -> Result<Desk, ActorProcessingErr> {
        let mut tick = Tick::new("bridge/builds");
        tick.again(&myself, Duration::ZERO, || Listen);
        Ok(Desk { source: None, tick })
    }

    async fn handle(
        &self,
        myself: ActorRef<Listen>,
        Listen: Listen,
        desk: &mut Desk,
    ) -> Result<(), ActorProcessingErr> {
        if !self.shared.leads.load(Ordering::Relaxed) {
            desk.source = None;
            self.shared.master.events.store(false, Ordering::Relaxed);
            desk.tick.again(&myself, PATIENCE, || Listen);
            return Ok(());
        }
        let source = desk.source.get_or_insert_with(|| self.shared.master.driver.events());
        for _ in 0..AT_ONCE {
            match tokio::time::timeout(PATIENCE, source.next()).await {
                Ok(event) => self.hear(&event),
                Err(_) => break,
            }
        }
        desk.tick.again(&myself, Duration::ZERO, || Listen);
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<Listen>, _: &mut Desk) -> Result<(), ActorProcessingErr> {
        self.shared.master.events.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl BuildListener {
    fn hear(&self, event: &Event) {
        let Shared { master, pokes, .. } = &*self.shared;
        master.meters.heard(master.name());
        match event {
            Event::Connected => {
                tracing::info!(master = master.name(), "events of the master arrive");
                master.events.store(true, Ordering::Relaxed);
                pokes.all();
            }
            Event::Lost(reason) => {
                let was = master.events.swap(false, Ordering::Relaxed);
                if was {
                    tracing::warn!(master = master.name(), reason, "events of the master do not arrive any more");
                }
                pokes.all();
            }
            Event::Request(request) => pokes.one(*request),
            Event::Build { request, .. } => {
                master.endings.heard(*request, master.now());
                pokes.one(*request);
            }
            Event::Log(log) => return master.logs.grew(*log),
        }
        self.reflector.give();
    }
}
