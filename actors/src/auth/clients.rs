use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use chrono::TimeDelta;
use protocol::time::Timestamp;

use super::{Client, Known, Roles};

/// The client that issues the credentials of runs and artifacts.
pub(super) const QUEUE: &str = "static/taskcluster/queue";

/// The copy of all clients and roles. Its clones see the same one.
#[derive(Debug, Clone)]
pub struct Clients {
    copy: Arc<RwLock<Arc<Known>>>,
    /// Used, and not yet recorded in the database.
    used: Arc<Mutex<BTreeSet<String>>>,
    queue: Arc<Client>,
    longest_bewit: TimeDelta,
}

/// How long a signed URL may be good for, where nothing else is said.
const LONGEST_BEWIT: TimeDelta = TimeDelta::days(30);

impl Clients {
    /// These clients and the queue's own, without roles.
    pub fn fixed(clients: impl IntoIterator<Item = Client>, queue_token: &str) -> Self {
        let queue = Arc::new(Client::lasting(QUEUE, queue_token, ["*"]));
        Self::of(clients.into_iter().map(Arc::new).chain([queue.clone()]), queue)
    }

    /// One client and no other, which issues nothing.
    pub fn alone(client: Client) -> Self {
        let client = Arc::new(client);
        Self::of([client.clone()], client)
    }

    /// The same clients beside these roles.
    #[must_use]
    pub fn with_roles(self, roles: Roles) -> Self {
        let version = self.now().versions.roles;
        self.replace(self.now().with_roles(Arc::new(roles), version));
        self
    }

    /// The same clients, whose signed URLs may be good for this long.
    #[must_use]
    pub fn with_longest_bewit(self, longest_bewit: TimeDelta) -> Self {
        Self { longest_bewit, ..self }
    }

    /// How long a signed URL may be good for.
    pub const fn longest_bewit(&self) -> TimeDelta {
        self.longest_bewit
    }

    /// The copy as it is now. Two calls may return two states: one request uses one.
    pub fn now(&self) -> Arc<Known> {
        self.copy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The issuer of the queue's temporary credentials.
    pub fn queue(&self) -> &Client {
        &self.queue
    }

    /// Records that this client signed a request.
    pub fn used(&self, client: &Client, now: Timestamp) {
        if client.is_to_be_recorded(now) {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(client.client_id.clone());
        }
    }

    pub(crate) fn replace(&self, known: Known) {
        *self.copy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
    }

    fn of(clients: impl IntoIterator<Item = Arc<Client>>, queue: Arc<Client>) -> Self {
        let known = Known::new(clients, Arc::new(Roles::default()));
        Self { copy: Arc::new(RwLock::new(Arc::new(known))), used: Arc::default(), queue, longest_bewit: LONGEST_BEWIT }
    }

    pub(super) fn take_used(&self) -> Vec<String> {
        std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }
}
