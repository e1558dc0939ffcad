//! The relay: it empties the outbox onto the bus.
//!
//! Owns: the log of published events, in the database. A lock there decides which relay publishes, and the outbox holds
//! what is left to publish.
//! Woken by: notifications, after every commit that wrote events; a timer, for notifications that were lost.
//! Emits: every event twice, as JSON on the external (Pulse) exchanges and as protobuf on the internal one.
//!
//! Any number of relays may run. One publishes; should it end, another takes over within a second or two.

mod consumers;
mod dead_letters;
mod exchanges;
mod publish;
mod settings;
#[cfg(test)]
pub(crate) mod tests;

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use bus::Bus;
use db::{
    Db,
    outbox::{IdleHolder, Outbox},
};
pub use exchanges::Exchanges;
use protocol::exchanges::ExchangeNames;
use publish::{Consumed, PublishError, Publisher, Round};
pub use settings::RelaySettings;
use tokio::time::Instant;

use crate::kit::{Child, Next, Notifier, Periodic, Schedule};

/// All events go through one shard.
const SHARD: i16 = 0;
/// How often a relay that stands by tries to take over.
const TAKE_OVER_INTERVAL: Duration = Duration::from_secs(1);
/// A relay that sends the database nothing for this long though events wait is taken for frozen. One that waits for the
/// broker sends something more often.
const FROZEN_AFTER: Duration = Duration::from_secs(20);
/// Between two rounds, so that a busy queue makes few full batches and not many small ones.
const MIN_INTERVAL: Duration = Duration::from_millis(2);
/// The same while only some kinds of events are consumed: by an actor of this process, for which latency matters less.
const PARTLY_CONSUMED_MIN_INTERVAL: Duration = Duration::from_millis(10);
/// The same while no events are consumed.
const UNCONSUMED_MIN_INTERVAL: Duration = Duration::from_millis(100);
/// The interval at least, while some kinds of events are not consumed: all consumers are then of this process, whose
/// commits notify the relay.
const UNCONSUMED_INTERVAL: Duration = Duration::from_secs(1);

/// The actor to supervise, to be notified after commits that wrote events.
pub fn start(
    db: Db,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    names: &ExchangeNames,
    settings: RelaySettings,
    rng: Rng,
) -> (Child, Notifier) {
    let exchanges = Arc::new(Exchanges::new(names, &settings));
    let schedule = Schedule::every(settings.interval.duration(), rng);
    schedule.child("relay", move |_| Relay {
        db: db.clone(),
        bus: bus.clone(),
        clock: clock.clone(),
        exchanges: exchanges.clone(),
        settings: settings.clone(),
        outbox: db.outbox(SHARD),
        declared: false,
        idle: None,
    })
}

struct Relay {
    db: Db,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    exchanges: Arc<Exchanges>,
    settings: RelaySettings,
    outbox: Outbox,
    declared: bool,
    /// The relay that publishes, as long as it does nothing though events wait, and since when that is seen.
    idle: Option<(IdleHolder, Instant)>,
}

impl Periodic for Relay {
    type Error = PublishError;

    async fn run(&mut self) -> Result<Next, PublishError> {
        if !self.declared {
            self.exchanges.declare(&*self.bus).await?;
            self.declared = true;
        }
        let Self { db, exchanges, bus, settings, .. } = self;
        let publisher = Publisher { db, exchanges, bus: &**bus, settings };
        match publisher.round(&mut self.outbox, self.clock.now()).await? {
            Round::StandBy => {
                if let Err(error) = self.watch_holder().await {
                    tracing::warn!(%error, "the active relay could not be watched");
                }
                // Notifications are for the active relay.
                Ok(Next::IDLE.after(TAKE_OVER_INTERVAL))
            }
            Round::Published { full: true, .. } => Ok(Next::AGAIN),
            Round::Published { events, consumed, .. } => Ok(self.next(events, consumed)),
        }
    }
}

impl Relay {
    /// Everything that waited was published.
    fn next(&self, events: usize, consumed: Consumed) -> Next {
        let interval = self.settings.interval.duration();
        let next = if events == 0 { Next::IDLE } else { Next::DONE };
        match consumed {
            Consumed::All => next.pause(MIN_INTERVAL).within(interval),
            Consumed::Some => next.pause(PARTLY_CONSUMED_MIN_INTERVAL).within(interval.max(UNCONSUMED_INTERVAL)),
            Consumed::Nothing => next.pause(UNCONSUMED_MIN_INTERVAL).within(interval.max(UNCONSUMED_INTERVAL)),
        }
    }

    /// A relay that died has let go of the shard by now. One that is frozen has not: its connection is ended.
    async fn watch_holder(&mut self) -> Result<(), db::DbError> {
        let holder = self.outbox.idle_holder().await?;
        let now = Instant::now();
        let Some(holder) = holder else {
            self.idle = None;
            return Ok(());
        };
        let since = self.idle.filter(|(known, _)| *known == holder).map_or(now, |(_, since)| since);
        self.idle = Some((holder, since));
        if now - since >= FROZEN_AFTER && self.outbox.end_holder(holder).await? {
            tracing::warn!("the active relay does nothing though events wait; this one takes over");
            self.idle = None;
        }
        Ok(())
    }
}
