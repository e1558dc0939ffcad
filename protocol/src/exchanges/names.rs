//! Full names of exchanges on the broker.

use super::ExchangeDeclaration;

/// Names of external exchanges: `exchange/<namespace>-<service>/v1/<name>`. The part between the first two slashes is what
/// Pulse calls the user of the service: everybody may read its exchanges, and only that user may write to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeNames {
    namespace: String,
}

/// The text is not a namespace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot begin the names of exchanges: at most 60 of the letters a-z, A-Z, 0-9, `_`, `.` and `-`")]
pub struct NamespaceError(pub String);

/// The one that existing consumers bind to.
const NAMESPACE: &str = "taskcluster";
/// A name on the broker has at most 255 bytes.
const LONGEST: usize = 60;

impl Default for ExchangeNames {
    fn default() -> Self {
        Self { namespace: NAMESPACE.to_owned() }
    }
}

impl ExchangeNames {
    /// Names in another namespace, for a broker that is shared.
    pub fn in_namespace(namespace: &str) -> Result<Self, NamespaceError> {
        let of_names = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        if namespace.is_empty() || namespace.len() > LONGEST || !namespace.chars().all(of_names) {
            return Err(NamespaceError(namespace.to_owned()));
        }
        Ok(Self { namespace: namespace.to_owned() })
    }

    /// The exchange's name on the broker.
    pub fn name(&self, exchange: &ExchangeDeclaration) -> String {
        self.of(exchange.service, exchange.name)
    }

    /// What stands behind `queue/` in the names of a service's own queues.
    pub fn queue_namespace(&self, service: &str) -> String {
        format!("{}-{service}", self.namespace)
    }

    /// The name of a service's exchange that is declared nowhere.
    pub fn of(&self, service: &str, name: &str) -> String {
        format!("{}{name}", self.prefix(service))
    }

    /// What the names of a service's exchanges begin with.
    pub(super) fn prefix(&self, service: &str) -> String {
        format!("exchange/{}-{service}/v1/", self.namespace)
    }
}
