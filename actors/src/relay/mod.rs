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

use base::{Backoff, Clock, Rng};
use bus::Bus;
use db::{
    Db,
    outbox::{IdleHolder, Outbox},
};
pub use exchanges::Exchanges;
use protocol::exchanges::ExchangeNames;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use send::{Round, To, round};
pub use settings::RelaySettings;
use tokio::time::Instant;
use tracing::Instrument;

use crate::{
    kit::{Child, Hint, HintInbox, Restart, Tick},
    queue::Nudge,
};

/// All events go through one shard.
const SHARD: i16 = 0;
/// How often a relay that does not send asks whether it should.
const TAKE_OVER: Duration = Duration::from_secs(1);
/// A relay that asks the database for nothing for this long though events wait is taken for frozen. One that waits for the
/// broker asks more often.
const FROZEN: Duration = Duration::from_secs(20);
/// Between two rounds, so that a busy queue makes few full batches and not many small ones.
const BREATH: Duration = Duration::from_millis(2);
/// The same while somebody listens to some kinds only: a part of this house, which can wait a little for company.
const PARTLY_HEARD_BREATH: Duration = Duration::from_millis(10);
/// The same while nobody listens.
const UNHEARD_BREATH: Duration = Duration::from_millis(100);
/// The interval at least, while there are kinds that nobody listens to: those who listen are of this process, which hints.
const UNHEARD_INTERVAL: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The part to supervise, and the nudge to give after commits.
pub fn start(
    db: Db,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    names: &ExchangeNames,
    settings: RelaySettings,
    rng: Rng,
) -> (Child, Nudge) {
    let exchanges = Arc::new(Exchanges::new(names, &settings));
    let inbox = HintInbox::default();
    let hints = inbox.clone();
    let make = move || {
        let relay = Relay {
            db: db.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            exchanges: exchanges.clone(),
            settings: settings.clone(),
            inbox: inbox.clone(),
            rng: rng.clone(),
        };
        (relay, ())
    };
    let (child, handle) = Child::new("relay", Restart::Always, make);
    let hint = Hint::new(handle, &hints, || Look);
    (child, Arc::new(move || hint.give()))
}

struct Relay {
    db: Db,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    exchanges: Arc<Exchanges>,
    settings: RelaySettings,
    inbox: HintInbox,
    rng: Rng,
}

/// The only thing the relay is told.
struct Look;

struct Sending {
    outbox: Outbox,
    tick: Tick,
    backoff: Backoff,
    declared: bool,
    /// Another relay sends; until then there is no need to ask again.
    standing_by_until: Instant,
    /// The relay that sends, as long as it does nothing though events wait, and since when that is seen.
    idle: Option<(IdleHolder, Instant)>,
}

impl Actor for Relay {
    type Msg = Look;
    type State = Sending;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Look>, (): ()) -> Result<Sending, ActorProcessingErr> {
        let mut tick = Tick::new("relay");
        tick.again(&myself, Duration::ZERO, || Look);
        Ok(Sending {
            outbox: self.db.outbox(SHARD),
            tick,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, self.rng.clone()),
            declared: false,
            standing_by_until: Instant::now(),
            idle: None,
        })
    }

    async fn handle(&self, myself: ActorRef<Look>, _: Look, state: &mut Sending) -> Result<(), ActorProcessingErr> {
        self.inbox.taken();
        let standing_by = state.standing_by_until.saturating_duration_since(Instant::now());
        if !standing_by.is_zero() {
            // Hints are for the relay that sends.
            state.tick.again(&myself, standing_by, || Look);
            return Ok(());
        }
        let span = state.tick.root_span();
        let next = self.look(&myself, state).instrument(span).await;
        state.tick.again(&myself, next, || Look);
        Ok(())
    }
}

impl Relay {
    /// One round; answers when to look again if nobody hints.
    async fn look(&self, myself: &ActorRef<Look>, state: &mut Sending) -> Duration {
        let interval = self.settings.interval.duration();
        let (full, breath, next) = match self.try_round(state).await {
            Ok(Round::NotOurs) => {
                if let Err(error) = self.watch_holder(state).await {
                    tracing::warn!(%error, "the relay that sends could not be watched");
                }
                state.standing_by_until = Instant::now() + TAKE_OVER;
                return TAKE_OVER;
            }
            Ok(Round::PartlyHeard { full }) => (full, PARTLY_HEARD_BREATH, interval.max(UNHEARD_INTERVAL)),
            Ok(Round::Unheard { full }) => (full, UNHEARD_BREATH, interval.max(UNHEARD_INTERVAL)),
            Ok(Round::Sent { full }) => (full, BREATH, interval),
            Err(error) => {
                tracing::warn!(%error, cause = ?std::error::Error::source(&error), "events wait in the outbox");
                return state.backoff.next_wait();
            }
        };
        state.backoff.reset();
        if full {
            self.inbox.again(myself, Look);
        } else {
            tokio::time::sleep(breath).await;
        }
        next
    }

    /// A relay that died has let go of the shard by now. One that is frozen has not: it is made to.
    async fn watch_holder(&self, state: &mut Sending) -> Result<(), db::DbError> {
        let holder = state.outbox.idle_holder().await?;
        let now = Instant::now();
        let Some(holder) = holder else {
            state.idle = None;
            return Ok(());
        };
        let since = state.idle.filter(|(known, _)| *known == holder).map_or(now, |(_, since)| since);
        state.idle = Some((holder, since));
        if now - since >= FROZEN && state.outbox.end_holder(holder).await? {
            tracing::warn!("the relay that sends does nothing though events wait; this one takes over");
            state.idle = None;
        }
        Ok(())
    }

    async fn try_round(&self, state: &mut Sending) -> Result<Round, send::RoundError> {
        if !state.declared {
            self.exchanges.declare(&*self.bus).await?;
            state.declared = true;
        }
        let Self { db, exchanges, bus, settings, .. } = self;
        round(&mut state.outbox, To { db, exchanges, bus: &**bus, settings }, self.clock.now()).await
    }
}
