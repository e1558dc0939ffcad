//! The relay: it empties the outbox onto the bus.
//!
//! Owns: the log of events that were sent, in the database. Which relay sends is said by a lock there, and what is left
//! to send by the outbox.
//! Woken by: hints, given after every commit of this process that wrote events; ticks, for those of others.
//! Tells: every event twice, as JSON for the world and as protobuf for our own parts.
//!
//! Any number of relays may run. One sends; should it end, another takes over within a second or two.

mod dead_letters;
mod exchanges;
mod listeners;
mod send;
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
use send::{Consumers, Round, RoundError, To, round};
pub use settings::RelaySettings;
use tokio::time::Instant;

use crate::kit::{Child, Next, Notifier, Periodic, Schedule};

/// All events go through one shard.
const SHARD: i16 = 0;
/// How often a relay that does not send asks whether it should.
const TAKE_OVER: Duration = Duration::from_secs(1);
/// A relay that asks the database for nothing for this long though events wait is taken for frozen. One that waits for the
/// broker asks more often.
const FROZEN: Duration = Duration::from_secs(20);
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
    /// The relay that sends, as long as it does nothing though events wait, and since when that is seen.
    idle: Option<(IdleHolder, Instant)>,
}

impl Periodic for Relay {
    type Error = RoundError;

    async fn run(&mut self) -> Result<Next, RoundError> {
        if !self.declared {
            self.exchanges.declare(&*self.bus).await?;
            self.declared = true;
        }
        let Self { db, exchanges, bus, settings, .. } = self;
        match round(&mut self.outbox, To { db, exchanges, bus: &**bus, settings }, self.clock.now()).await? {
            Round::NotOurs => {
                if let Err(error) = self.watch_holder().await {
                    tracing::warn!(%error, "the relay that sends could not be watched");
                }
                // Notifications are for the relay that sends.
                Ok(Next::IDLE.after(TAKE_OVER))
            }
            Round::Sent { full: true, .. } => Ok(Next::AGAIN),
            Round::Sent { events, consumers, .. } => Ok(self.next(events, consumers)),
        }
    }
}

impl Relay {
    /// Everything that waited was sent.
    fn next(&self, events: usize, consumers: Consumers) -> Next {
        let interval = self.settings.interval.duration();
        let next = if events == 0 { Next::IDLE } else { Next::DONE };
        match consumers {
            Consumers::OfAll => next.pause(MIN_INTERVAL).within(interval),
            Consumers::OfSome => next.pause(PARTLY_CONSUMED_MIN_INTERVAL).within(interval.max(UNCONSUMED_INTERVAL)),
            Consumers::None => next.pause(UNCONSUMED_MIN_INTERVAL).within(interval.max(UNCONSUMED_INTERVAL)),
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
        if now - since >= FROZEN && self.outbox.end_holder(holder).await? {
            tracing::warn!("the relay that sends does nothing though events wait; this one takes over");
            self.idle = None;
        }
        Ok(())
    }
}
