//! The external (Pulse) exchanges: one declaration each.

pub mod auth;
mod document;
pub mod github;
pub mod hooks;
mod key;
mod names;
pub mod notify;
pub mod queue;
pub mod worker_manager;

pub use key::{KeyField, RoutingKeyError};
pub use names::{ExchangeNames, NamespaceError};

use crate::{event::EventKind, reference::extensions};

/// One exchange: durable, of type topic.
#[derive(Debug, PartialEq, Eq)]
pub struct ExchangeDeclaration {
    pub service: &'static str,
    /// Its name below the service's prefix, like `task-defined`.
    pub name: &'static str,
    /// The function's name in client libraries, like `taskDefined`.
    pub client_name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// The words of its routing keys, in order.
    pub key: &'static [KeyField],
    /// Schema of its messages: file name without `.json`.
    pub schema: &'static str,
    /// Messages also go out under the routes of the task.
    pub cc: bool,
}

/// Services with exchanges, each with its title, description and exchanges.
const SERVICES: &[ServiceExchanges] =
    &[auth::SERVICE, github::SERVICE, hooks::SERVICE, notify::SERVICE, queue::SERVICE, worker_manager::SERVICE];

/// The exchanges of one service.
#[derive(Debug)]
pub struct ServiceExchanges {
    pub service: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub exchanges: &'static [ExchangeDeclaration],
}

/// Services with exchanges: those of this crate, and those that brought theirs.
pub fn services() -> impl Iterator<Item = &'static ServiceExchanges> {
    SERVICES.iter().chain(extensions().iter().filter_map(|references| references.exchanges))
}

/// Every declared exchange.
pub fn all() -> impl Iterator<Item = &'static ExchangeDeclaration> {
    services().flat_map(|service| service.exchanges)
}

/// The exchange of this name below its service's prefix.
pub fn find(service: &str, name: &str) -> Option<&'static ExchangeDeclaration> {
    all().find(|exchange| exchange.service == service && exchange.name == name)
}

/// Exchanges whose messages are [service events](EventKind::Service).
pub fn of_service_events() -> impl Iterator<Item = &'static ExchangeDeclaration> {
    let of_kinds: Vec<&ExchangeDeclaration> = EventKind::ALL.into_iter().filter_map(of).collect();
    all().filter(move |exchange| !of_kinds.contains(exchange))
}

/// The external exchange of events of this kind; `None` for service events, each of which names its own.
pub fn of(kind: EventKind) -> Option<&'static ExchangeDeclaration> {
    Some(match kind {
        EventKind::TaskDefined => &queue::EXCHANGES[0],
        EventKind::TaskPending => queue::TASK_PENDING,
        EventKind::TaskRunning => &queue::EXCHANGES[2],
        EventKind::ArtifactCreated => &queue::EXCHANGES[3],
        EventKind::TaskCompleted => queue::TASK_COMPLETED,
        EventKind::TaskFailed => &queue::EXCHANGES[5],
        EventKind::TaskException => queue::TASK_EXCEPTION,
        EventKind::TaskGroupResolved => &queue::EXCHANGES[7],
        EventKind::TaskGroupSealed => &queue::EXCHANGES[8],
        EventKind::TaskPriorityChanged => &queue::EXCHANGES[9],
        EventKind::TaskGroupPriorityChanged => &queue::EXCHANGES[10],
        EventKind::ClientCreated => &auth::EXCHANGES[0],
        EventKind::ClientUpdated => &auth::EXCHANGES[1],
        EventKind::ClientDeleted => &auth::EXCHANGES[2],
        EventKind::RoleCreated => &auth::EXCHANGES[3],
        EventKind::RoleUpdated => &auth::EXCHANGES[4],
        EventKind::RoleDeleted => &auth::EXCHANGES[5],
        EventKind::Service => return None,
    })
}

/// The schema of its messages.
const fn schema(kind: EventKind) -> &'static str {
    match kind {
        EventKind::TaskDefined => "task-defined-message",
        EventKind::TaskPending => "task-pending-message",
        EventKind::TaskRunning => "task-running-message",
        EventKind::ArtifactCreated => "artifact-created-message",
        EventKind::TaskCompleted => "task-completed-message",
        EventKind::TaskFailed => "task-failed-message",
        EventKind::TaskException => "task-exception-message",
        EventKind::TaskPriorityChanged => "task-priority-changed-message",
        EventKind::TaskGroupResolved | EventKind::TaskGroupSealed => "task-group-changed-message",
        EventKind::TaskGroupPriorityChanged => "task-group-priority-changed-message",
        EventKind::ClientCreated | EventKind::ClientUpdated | EventKind::ClientDeleted => "client-message",
        EventKind::RoleCreated | EventKind::RoleUpdated | EventKind::RoleDeleted => "role-message",
        EventKind::Service => "",
    }
}

#[cfg(test)]
mod tests;
