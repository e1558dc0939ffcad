//! What a process gives its services to start with.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use actors::{auth::StaticClient, worker_manager::ProviderSettings};
use base::{Clock, KeyRing, Rng, Shutdown, settings::Settings};
use bus::Bus;
use db::Db;
use protocol::exchanges::ExchangeNames;

use super::RoleSet;
use crate::{credentials::Credentials, settings::DroverSettings};

/// The process as its services see it.
pub struct Context {
    pub(crate) roles: RoleSet,
    pub(crate) settings: DroverSettings,
    pub(crate) credentials: Credentials,
    /// Clients besides those of the settings.
    pub(crate) more_clients: Vec<StaticClient>,
    /// Whether machines that are processes of this one end with it.
    pub(crate) ends_machines: bool,
    /// Providers besides those of the settings.
    pub(crate) more_providers: Vec<ProviderSettings>,
    pub(crate) data_dir: PathBuf,
    pub db: Db,
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    /// Services take a branch of their own name.
    pub rng: Rng,
    /// Of the external exchanges.
    pub exchange_names: ExchangeNames,
    /// Where clients reach the HTTP server, without a slash at the end.
    pub root_url: String,
    /// What seals secrets in the database.
    pub key_ring: Arc<KeyRing>,
    /// Triggered when the HTTP server stops, for requests that wait for long.
    pub http_shutdown: Shutdown,
    pub(crate) shared: Shared,
}

/// Values of several types, one of each.
#[derive(Default)]
pub(crate) struct Shared(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Context {
    /// The roles of this process.
    pub fn roles(&self) -> &RoleSet {
        &self.roles
    }

    /// Whether this process has the role.
    pub fn runs(&self, role: &str) -> bool {
        self.roles.contains(role)
    }

    /// The settings of a service, this one or another.
    ///
    /// # Panics
    /// If no service of the program declares them.
    pub fn settings<S: Settings + 'static>(&self) -> &S {
        self.settings.section()
    }

    /// Whether events and calls reach other processes.
    pub fn has_broker(&self) -> bool {
        !self.settings.bus.amqp_url.is_empty()
    }

    /// The folder for files of this process, or of all that share it.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The one value of this type in the process, made when the first service asks for it.
    pub fn shared<T: Clone + Send + Sync + 'static>(&self, make: impl FnOnce(&Self) -> T) -> T {
        if let Some(value) = self.shared.get() {
            return value;
        }
        // Not under the lock: `make` may ask for other shared values.
        let value = make(self);
        self.shared.put(value.clone());
        value
    }
}

impl Shared {
    pub(crate) fn get<T: Clone + 'static>(&self) -> Option<T> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(&TypeId::of::<T>())?.downcast_ref().cloned()
    }

    /// Takes the place of an earlier one.
    pub(crate) fn put<T: Send + Sync + 'static>(&self, value: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), Arc::new(value));
    }
}
