//! The reconciler of one master: the only code that changes the state of its requests.
//!
//! It compares the table with the master and needs no events; notifications only make it check sooner. Of several processes, the one
//! that holds the master's lease runs the checks. If two run them at once, each row still changes once: a row is written
//! only by the one that read its latest version, and every call is safe to repeat.
//!
//! Owns: the master's rows, in the database; in memory only which of them are being checked.
//! Woken by: a timer; notifications of the two listeners.
//! Emits: calls to the queue and the master, each as a client.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};
use chrono::TimeDelta;
use db::{
    DbError,
    bridge::{BridgeRequest, BridgeState, MasterState},
};
use protocol::time::Timestamp;
use tokio::task::JoinSet;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    check::check_requests,
    checks::{CheckQueue, PendingChecks},
    circuit_breaker::Health,
    driver::DriverError,
    in_flight::{InFlight, is_pending_create},
    master::Master,
};

const INTERVAL: Duration = Duration::from_millis(500);
/// How long a process serves a master without renewing the lease, and how often it renews it.
const LEASE: TimeDelta = TimeDelta::seconds(15);
const LEASE_RENEWAL: TimeDelta = TimeDelta::seconds(5);
/// The most requests that are checked at the same time, and in one group.
const MAX_IN_FLIGHT: usize = 1024;
const GROUP: i32 = 250;
/// The most pending creates among them, and when the others are tried again. A master takes long to create a build, and the
/// checks of running builds must not wait for that.
const MAX_CREATES: usize = 128;
const CREATE_POSTPONED: TimeDelta = TimeDelta::seconds(2);
/// How often the list of builders is read while requests wait for a build.
const BUILDERS_INTERVAL: TimeDelta = TimeDelta::seconds(30);
const EXPIRE_INTERVAL: TimeDelta = TimeDelta::minutes(10);
const EXPIRE_BATCH: i32 = 500;

/// What the actors of one master share.
pub(crate) struct Shared {
    pub(crate) master: Master,
    pub(crate) checks: CheckQueue,
    /// This process holds the master's lease. Relaxed: it guards no other memory, and an actor that acts on an old value does no harm.
    pub(crate) leads: AtomicBool,
    /// How long resolved requests are kept.
    pub(crate) retention: TimeDelta,
}

pub(crate) struct Reconciler {
    shared: Arc<Shared>,
    /// Notifies itself when checks are through.
    notifier: Notifier,
    id: Uuid,
    tasks: JoinSet<()>,
    in_flight: InFlight,
    renew_lease_at: Timestamp,
    expire_at: Timestamp,
    read_builders_at: Timestamp,
    /// Requests waited at the master when they were last counted.
    has_waiting: bool,
    stored_health: Option<Health>,
}

/// The child to supervise, and what notifies it.
pub(crate) fn child(shared: Arc<Shared>) -> (Child, Notifier) {
    let name = format!("bridge/{}/reconciler", shared.master.name());
    let schedule = Schedule::every(INTERVAL, shared.master.rng.branch("reconciler"));
    schedule.child(&name, move |notifier| Reconciler::new(shared.clone(), notifier.clone()))
}

impl Periodic for Reconciler {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        self.reap();
        if self.renew_lease().await? {
            self.reconcile().await?;
        }
        Ok(Next::DONE)
    }

    /// Checks in flight are dropped; whoever holds the lease next finds their rows due.
    async fn stop(&mut self) {
        self.tasks.shutdown().await;
        self.shared.leads.store(false, Ordering::Relaxed);
        let master = &self.shared.master;
        if let Err(error) = master.db.bridge_leave(master.name(), self.id).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "cannot release the lease; it expires");
        }
    }
}

impl Reconciler {
    fn new(shared: Arc<Shared>, notifier: Notifier) -> Self {
        let now = shared.master.now();
        Self {
            id: Uuid::from_bytes(shared.master.rng.uuid_bytes()),
            shared,
            notifier,
            tasks: JoinSet::new(),
            in_flight: InFlight::default(),
            renew_lease_at: now,
            expire_at: now,
            read_builders_at: now,
            has_waiting: false,
            stored_health: None,
        }
    }

    /// Takes the results of checks that are through.
    fn reap(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a check of builds panicked");
            }
        }
        if self.tasks.is_empty() {
            // A check that panicked has not removed its rows.
            self.in_flight.clear();
        }
    }

    async fn reconcile(&mut self) -> Result<(), DbError> {
        self.watch_health().await?;
        let master = &self.shared.master;
        match self.shared.checks.take() {
            PendingChecks::None => {}
            PendingChecks::All => {
                master.db.bridge_notify(master.name(), None, master.now()).await?;
            }
            PendingChecks::Requests(ids) => {
                master.db.bridge_notify(master.name(), Some(&ids), master.now()).await?;
            }
        }
        self.start_checks().await?;
        self.read_builders();
        self.expire().await
    }

    /// True while this process holds the lease.
    async fn renew_lease(&mut self) -> Result<bool, DbError> {
        let (master, now) = (&self.shared.master, self.shared.master.now());
        let led = self.shared.leads.load(Ordering::Relaxed);
        if now < self.renew_lease_at {
            return Ok(led);
        }
        let row = master.db.bridge_lead(master.name(), self.id, now + LEASE, now).await?;
        self.renew_lease_at = now + LEASE_RENEWAL;
        let leads = row.leader == Some(self.id);
        self.shared.leads.store(leads, Ordering::Relaxed);
        if leads {
            let counts = master.db.bridge_counts(master.name()).await?;
            self.has_waiting = counts.iter().any(|count| count.state == BridgeState::Created);
            master.metrics.record_open(master.name(), &counts);
        } else if led {
            master.metrics.record_open(master.name(), &[]);
        }
        if leads && !led {
            tracing::info!(master = master.name(), "lease of the master acquired");
            master.driver.restore_last_ok(row.last_ok.unwrap_or(now));
            self.stored_health = None;
        }
        Ok(leads)
    }

    /// Probes a master that was not called yet or whose probe is due, and stores its health.
    async fn watch_health(&mut self) -> Result<(), DbError> {
        let (master, now) = (&self.shared.master, self.shared.master.now());
        let first = self.stored_health.is_none();
        let health = master.driver.health();
        if first && health.state == MasterState::Unknown || master.driver.take_due_probe() {
            let (shared, me) = (self.shared.clone(), self.notifier.clone());
            self.tasks.spawn(async move {
                probe(&shared.master).await;
                me.notify();
            });
        }
        let changed = self.stored_health.as_ref().map(|stored| stored.state) != Some(health.state);
        if changed || self.renew_lease_at == now + LEASE_RENEWAL {
            master.metrics.record_up(master.name(), health.state == MasterState::Up);
            master.db.bridge_note_master(master.name(), health.state, health.error.as_deref(), now).await?;
        }
        if changed && !first {
            self.log_change(&health);
        }
        self.stored_health = Some(health);
        Ok(())
    }

    fn log_change(&self, health: &Health) {
        let master = self.shared.master.name();
        match health.state {
            MasterState::Up => {
                tracing::info!(master, "circuit breaker closed: the master answers");
                self.shared.checks.add_all();
            }
            state => tracing::error!(master, ?state, error = health.error, "circuit breaker opened: the master fails"),
        }
    }

    /// Starts to check what is due. Pending creates are a group of their own, so that neither kind waits for the other.
    async fn start_checks(&mut self) -> Result<(), DbError> {
        let master = &self.shared.master;
        let in_flight = self.in_flight.ids();
        let Some(free) = MAX_IN_FLIGHT.checked_sub(in_flight.len()).filter(|free| *free > 0) else { return Ok(()) };
        let limit = GROUP.min(i32::try_from(free).unwrap_or(GROUP));
        let due = master.due(&in_flight, limit).await?;
        let has_more = due.len() == usize::try_from(limit).unwrap_or_default();
        let (mut creates, open): (Vec<_>, Vec<_>) = due.into_iter().partition(is_pending_create);
        let room = MAX_CREATES.saturating_sub(self.in_flight.pending_creates()).min(creates.len());
        self.postpone(creates.split_off(room)).await?;
        for group in [creates, open].into_iter().filter(|group| !group.is_empty()) {
            self.spawn(group);
        }
        if has_more {
            self.notifier.notify();
        }
        Ok(())
    }

    async fn postpone(&self, mut creates: Vec<BridgeRequest>) -> Result<(), DbError> {
        if creates.is_empty() {
            return Ok(());
        }
        let master = &self.shared.master;
        for row in &mut creates {
            row.next_check = master.earliest_check(row, master.now() + CREATE_POSTPONED);
        }
        master.db.bridge_checked(&creates, master.now()).await
    }

    fn spawn(&mut self, group: Vec<BridgeRequest>) {
        self.in_flight.insert(&group);
        let (shared, in_flight, me) = (self.shared.clone(), self.in_flight.clone(), self.notifier.clone());
        let span = tracing::info_span!(parent: None, "check", part = "bridge/reconciler", requests = group.len());
        let check = async move {
            check_requests(&shared.master, group, |id| in_flight.remove(id)).await;
            me.notify();
        };
        self.tasks.spawn(check.instrument(span));
    }

    /// Reads whether and why requests wait for their builders: no event of the master tells that.
    fn read_builders(&mut self) {
        let now = self.shared.master.now();
        if !self.has_waiting || now < self.read_builders_at || self.shared.master.driver.is_open() {
            return;
        }
        self.read_builders_at = now + BUILDERS_INTERVAL;
        let (shared, me) = (self.shared.clone(), self.notifier.clone());
        self.tasks.spawn(async move {
            if shared.master.read_builders().await {
                shared.checks.add_all();
                me.notify();
            }
        });
    }

    /// Deletes requests that were resolved long ago.
    async fn expire(&mut self) -> Result<(), DbError> {
        let (master, now) = (&self.shared.master, self.shared.master.now());
        if now >= self.expire_at {
            let deleted = master.db.bridge_expire(now - self.shared.retention, EXPIRE_BATCH).await?;
            self.expire_at = if deleted == EXPIRE_BATCH { now } else { now + EXPIRE_INTERVAL };
        }
        Ok(())
    }
}

async fn probe(master: &Master) {
    match master.driver.probe().await {
        Ok(checked) => {
            let (name, version, idempotent) = (master.name(), &checked.version, checked.creates_idempotently);
            tracing::info!(master = name, version, creates_idempotently = idempotent, "master probed");
        }
        // Logged as the opening of the circuit breaker.
        Err(DriverError::Auth(_) | DriverError::Unavailable(_) | DriverError::InvalidResponse(_)) => {}
        Err(error) => tracing::warn!(master = master.name(), %error, "probe of the master failed"),
    }
}
