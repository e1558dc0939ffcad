//! The reflector of one master: the single place that moves requests on.
//!
//! It looks at the table and at the master, and needs no event; hints only make it look sooner. Of several processes the one
//! that holds the master's lease looks. Should two look at once all the same, each row still moves once: it is written only
//! by the one that read it last, and every call can be repeated.
//!
//! Owns: the master's rows, in the database; in memory only which of them are being looked at.
//! Woken by: ticks; hints of the two listeners.
//! Tells: the queue, as a client.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actors::kit::{Child, Handle, Hint, HintInbox, Restart, Tick};
use chrono::TimeDelta;
use db::{
    DbError,
    bridge::{BridgeRequest, BridgeState, MasterState},
};
use protocol::time::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinSet;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    busy::{Busy, is_wish},
    circuit::Health,
    master::Master,
    pokes::{Poked, Pokes},
};

const EVERY: Duration = Duration::from_millis(500);
/// How long a process looks after a master without renewing that, and how often it renews it.
const LEASE: TimeDelta = TimeDelta::seconds(15);
const RENEW: TimeDelta = TimeDelta::seconds(5);
/// Most requests that are looked at at the same time, and in one group.
const BUSY: usize = 1024;
const GROUP: i32 = 250;
/// Wishes that are worked on at the same time, and when others are looked at again. A master takes its time over each,
/// and meanwhile the builds that it has must not wait.
const WISHES: usize = 128;
const LATER: TimeDelta = TimeDelta::seconds(2);
/// How often the builders are read while somebody waits for a build of theirs.
const BUILDERS: TimeDelta = TimeDelta::seconds(30);
/// Groups are full only when much is due, so this many are under way at the most.
const FORGET_EVERY: TimeDelta = TimeDelta::minutes(10);
const FORGET: i32 = 500;

/// What the parts of one master share.
pub(crate) struct Shared {
    pub(crate) master: Master,
    pub(crate) pokes: Pokes,
    /// This process looks after the master.
    pub(crate) leads: AtomicBool,
    /// How long resolved requests are remembered.
    pub(crate) keep: TimeDelta,
}

/// The only thing it is told.
pub(crate) struct Look;

struct Reflector {
    shared: Arc<Shared>,
    hints: HintInbox,
    me: Handle<Look>,
    id: Uuid,
}

pub(crate) struct Desk {
    tick: Tick,
    work: JoinSet<()>,
    busy: Busy,
    renew_at: Timestamp,
    forget_at: Timestamp,
    builders_at: Timestamp,
    /// Requests wait at the master, as far as was counted last.
    waited_for: bool,
    noted: Option<Health>,
}

/// The part, and how to wake it.
pub(crate) fn part(shared: Arc<Shared>) -> (Child, Hint<Look>) {
    let hints = HintInbox::default();
    let name = format!("bridge/{}/reflector", shared.master.name());
    let own = hints.clone();
    // The handle is known only after the part is made, and the part hints itself when work is through.
    let address: Arc<Mutex<Option<Handle<Look>>>> = Arc::default();
    let later = address.clone();
    let make = move || {
        let me = later.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let id = Uuid::from_bytes(shared.master.rng.uuid_bytes());
        let me = me.unwrap_or_else(|| unreachable!("a part is started after it was made"));
        (Reflector { shared: shared.clone(), hints: own.clone(), me, id }, ())
    };
    let (child, handle) = Child::new(&name, Restart::Always, make);
    *address.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle.clone());
    let hint = Hint::new(handle, &hints, || Look);
    (child, hint)
}

impl Actor for Reflector {
    type Msg = Look;
    type State = Desk;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Look>, (): ()) -> Result<Desk, ActorProcessingErr> {
        let mut tick = Tick::new("bridge/reflector");
        tick.again(&myself, Duration::ZERO, || Look);
        let now = self.shared.master.now();
        let (work, busy) = (JoinSet::new(), Busy::default());
        let (renew_at, forget_at, builders_at) = (now, now, now);
        Ok(Desk { tick, work, busy, renew_at, forget_at, builders_at, waited_for: false, noted: None })
    }

    async fn handle(&self, myself: ActorRef<Look>, Look: Look, desk: &mut Desk) -> Result<(), ActorProcessingErr> {
        self.hints.taken();
        let span = desk.tick.root_span();
        if let Err(error) = self.round(desk).instrument(span).await {
            let (master, error) = (self.shared.master.name(), &error as &dyn std::error::Error);
            tracing::warn!(
                master,
                error,
                "the open builds of a master could not be looked at; the next tick tries again"
            );
        }
        desk.tick.again(&myself, self.shared.master.rng.jitter(EVERY), || Look);
        Ok(())
    }

    /// What is under way is given up, and found again by whoever looks after the master next.
    async fn post_stop(&self, _: ActorRef<Look>, desk: &mut Desk) -> Result<(), ActorProcessingErr> {
        desk.work.shutdown().await;
        self.shared.leads.store(false, Ordering::Relaxed);
        let master = &self.shared.master;
        if let Err(error) = master.db.bridge_leave(master.name(), self.id).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a lease was left to end by itself");
        }
        Ok(())
    }
}

impl Reflector {
    async fn round(&self, desk: &mut Desk) -> Result<(), DbError> {
        while let Some(ended) = desk.work.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "looking at builds ended badly");
            }
        }
        if desk.work.is_empty() {
            // Nothing can be busy; should a look have ended badly, its rows are free again.
            desk.busy.free_all();
        }
        if !self.lead(desk).await? {
            return Ok(());
        }
        self.watch_master(desk).await?;
        let master = &self.shared.master;
        match self.shared.pokes.take() {
            Poked::Nothing => {}
            Poked::All => drop(master.db.bridge_poke(master.name(), None, master.now()).await?),
            Poked::These(ids) => drop(master.db.bridge_poke(master.name(), Some(&ids), master.now()).await?),
        }
        self.begin(desk).await?;
        self.look_at_builders(desk);
        self.forget(desk).await
    }

    /// True while this process looks after the master.
    async fn lead(&self, desk: &mut Desk) -> Result<bool, DbError> {
        let (master, now) = (&self.shared.master, self.shared.master.now());
        let led = self.shared.leads.load(Ordering::Relaxed);
        if now < desk.renew_at {
            return Ok(led);
        }
        let row = master.db.bridge_lead(master.name(), self.id, now + LEASE, now).await?;
        desk.renew_at = now + RENEW;
        let leads = row.leader == Some(self.id);
        self.shared.leads.store(leads, Ordering::Relaxed);
        if leads {
            let counts = master.db.bridge_counts(master.name()).await?;
            desk.waited_for = counts.iter().any(|count| count.state == BridgeState::Created);
            master.meters.open(master.name(), &counts);
        } else if led {
            master.meters.open(master.name(), &[]);
        }
        if leads && !led {
            tracing::info!(master = master.name(), "this process looks after the master");
            master.driver.answered(row.last_ok.unwrap_or(now));
            desk.noted = None;
        }
        Ok(leads)
    }

    /// Asks a master that was not asked yet, or is left alone, who it is; and writes down how it fares.
    async fn watch_master(&self, desk: &mut Desk) -> Result<(), DbError> {
        let (master, now) = (&self.shared.master, self.shared.master.now());
        let first = desk.noted.is_none();
        let health = master.driver.health();
        if first && health.state == MasterState::Unknown || master.driver.take_probe() {
            let (shared, me) = (self.shared.clone(), self.hint());
            desk.work.spawn(async move {
                probe(&shared.master).await;
                me.give();
            });
        }
        let changed = desk.noted.as_ref().map(|noted| noted.state) != Some(health.state);
        if changed || desk.renew_at == now + RENEW {
            master.meters.up(master.name(), health.state == MasterState::Up);
            master.db.bridge_note_master(master.name(), health.state, health.error.as_deref(), now).await?;
        }
        if changed && !first {
            self.tell_of(&health);
        }
        desk.noted = Some(health);
        Ok(())
    }

    fn tell_of(&self, health: &Health) {
        let master = self.shared.master.name();
        match health.state {
            MasterState::Up => {
                tracing::info!(master, "the master answers");
                self.shared.pokes.all();
            }
            state => tracing::error!(master, ?state, error = health.error, "the master is left alone for a while"),
        }
    }

    /// Begins to look at what is due. Wishes do not wait for others to be looked at.
    async fn begin(&self, desk: &mut Desk) -> Result<(), DbError> {
        let master = &self.shared.master;
        let busy = desk.busy.ids();
        let Some(free) = BUSY.checked_sub(busy.len()).filter(|free| *free > 0) else { return Ok(()) };
        let limit = GROUP.min(i32::try_from(free).unwrap_or(GROUP));
        let due = master.due(&busy, limit).await?;
        let full = due.len() == usize::try_from(limit).unwrap_or_default();
        let (mut wishes, open): (Vec<_>, Vec<_>) = due.into_iter().partition(is_wish);
        let fit = WISHES.saturating_sub(desk.busy.wishes()).min(wishes.len());
        self.postpone(wishes.split_off(fit)).await?;
        for group in [wishes, open].into_iter().filter(|group| !group.is_empty()) {
            self.spawn(desk, group);
        }
        if full {
            self.hint().give();
        }
        Ok(())
    }

    async fn postpone(&self, mut wishes: Vec<BridgeRequest>) -> Result<(), DbError> {
        if wishes.is_empty() {
            return Ok(());
        }
        let master = &self.shared.master;
        for wish in &mut wishes {
            wish.next_check = master.due_again(wish, master.now() + LATER);
        }
        master.db.bridge_looked(&wishes, master.now()).await
    }

    fn spawn(&self, desk: &mut Desk, group: Vec<BridgeRequest>) {
        desk.busy.take(&group);
        let (shared, busy, me) = (self.shared.clone(), desk.busy.clone(), self.hint());
        let span = tracing::info_span!(parent: None, "look", part = "bridge/reflector", requests = group.len());
        let work = async move {
            shared.master.work(group, |id| busy.free(id)).await;
            me.give();
        };
        desk.work.spawn(work.instrument(span));
    }

    /// Whether what waits can still be built, and why it waits: people are told, and the master does not say it by itself.
    fn look_at_builders(&self, desk: &mut Desk) {
        let now = self.shared.master.now();
        if !desk.waited_for || now < desk.builders_at || self.shared.master.driver.is_out() {
            return;
        }
        desk.builders_at = now + BUILDERS;
        let (shared, me) = (self.shared.clone(), self.hint());
        desk.work.spawn(async move {
            if shared.master.read_builders().await {
                shared.pokes.all();
                me.give();
            }
        });
    }

    async fn forget(&self, desk: &mut Desk) -> Result<(), DbError> {
        let (master, now) = (&self.shared.master, self.shared.master.now());
        if now >= desk.forget_at {
            let dropped = master.db.bridge_forget(now - self.shared.keep, FORGET).await?;
            desk.forget_at = if dropped == FORGET { now } else { now + FORGET_EVERY };
        }
        Ok(())
    }

    fn hint(&self) -> Hint<Look> {
        Hint::new(self.me.clone(), &self.hints, || Look)
    }
}

async fn probe(master: &Master) {
    use crate::driver::DriverError;
    match master.driver.probe().await {
        Ok(checked) => {
            let (name, version, once) = (master.name(), &checked.version, checked.creates_once);
            tracing::info!(master = name, version, creates_once = once, "the master was asked who it is");
        }
        Err(DriverError::Auth(_) | DriverError::Away(_) | DriverError::BadAnswer(_)) => {}
        Err(error) => tracing::warn!(master = master.name(), %error, "the master was asked who it is"),
    }
}
