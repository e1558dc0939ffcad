//! The exchanges on which the world is told what happened: one declaration each.

mod document;
mod key;
mod names;
pub mod queue;

pub use key::{KeyFault, KeyField};
pub use names::{BadTemplate, ExchangeNames};

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
pub const SERVICES: &[ServiceExchanges] = &[queue::SERVICE];

/// The exchanges of one service.
#[derive(Debug)]
pub struct ServiceExchanges {
    pub service: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub exchanges: &'static [ExchangeDeclaration],
}

/// Every declared exchange.
pub fn all() -> impl Iterator<Item = &'static ExchangeDeclaration> {
    SERVICES.iter().flat_map(|service| service.exchanges)
}

#[cfg(test)]
mod tests;
