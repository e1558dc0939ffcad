//! Keys that a provider publishes.

use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeys {
    /// Each with a name of its own: a JWKS, or PEM.
    pub keys: Vec<(String, String)>,
    /// How long the provider says that they do not change.
    pub max_age: Duration,
}
