//! References that services outside of this crate bring.

use std::sync::OnceLock;

use crate::exchanges::ServiceExchanges;

/// What a service declares to the world, where it does not lie in this crate's `references/`.
#[derive(Debug, Clone, Copy)]
pub struct References {
    /// Its name in paths, like `queue`.
    pub service: &'static str,
    /// The text of its `api.json`.
    pub api: Option<&'static str>,
    pub exchanges: Option<&'static ServiceExchanges>,
    /// Schemas of bodies and messages: file names without `.json`, and texts.
    pub schemas: &'static [(&'static str, &'static str)],
}

/// References were used before these were added.
#[derive(Debug, thiserror::Error)]
#[error("further references must be added before any is used")]
pub struct TooLate;

static EXTENSIONS: OnceLock<Vec<References>> = OnceLock::new();

/// Adds the references of further services, once and before any reference or schema is used.
pub fn extend(references: Vec<References>) -> Result<(), TooLate> {
    EXTENSIONS.set(references).map_err(|_| TooLate)
}

/// What was added. From the first call on there can be no more.
pub(crate) fn extensions() -> &'static [References] {
    EXTENSIONS.get_or_init(Vec::new)
}
