//! The services of Drover, a file each, and their list.

mod api;
mod auth;
mod bridge;
mod built_in;
mod database_version;
mod drivers;
mod github;
mod hooks;
mod index;
mod late_notifier;
mod live;
mod notifications;
mod notify;
mod object;
mod providers;
mod provisioner;
mod purge_cache;
mod queue;
mod reflector;
mod relay;
mod roles;
mod scheduler;
mod secrets;
mod sessions;
mod treeherder;
mod worker_manager;

pub(crate) use api::server_context;
pub(crate) use drivers::{machines_directory, open as open_driver};
pub use relay::notify as notify_relay;
pub(crate) use sessions::handle as sessions;
pub(crate) use worker_manager::local_pools;

use crate::service::Service;

/// Every service of the program `drover`: the one list to which a new service is added.
pub fn services() -> Vec<&'static dyn Service> {
    vec![
        &api::Api,
        &queue::Queue,
        &relay::Relay,
        &reflector::Reflector,
        &scheduler::Scheduler,
        &object::Object,
        &index::Index,
        &treeherder::Treeherder,
        &bridge::Bridge,
        &provisioner::Provisioner,
        &auth::Auth,
        &secrets::Secrets,
        &sessions::Sessions,
        &purge_cache::PurgeCache,
        &notify::Notify,
        &worker_manager::WorkerManager,
        &github::Github,
        &hooks::Hooks,
        &built_in::BuiltIn,
        &live::Live,
        &notifications::Notifications,
        &database_version::DatabaseVersion,
    ]
}
