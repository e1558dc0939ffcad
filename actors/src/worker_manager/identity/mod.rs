//! Proofs of identity: pure functions of the proof, the worker's row, the keys of its provider and the time.
//!
//! What a proof is compared with is in the row's provider data, written when the worker was made:
//!
//! | type | provider data |
//! |---|---|
//! | `static` | `staticSecret`: sealed by the key ring |
//! | `local` | `secretSha256`: SHA-256 of its one-time secret, in hexadecimal |
//! | `aws` | the fields [`AWS_FIELDS`] of the instance |
//! | `google` | nothing: the worker's id is that of the instance |
//! | `azure` | `vmId`: the id of the virtual machine |
//! | `kubernetes` | `podUid`: the uid of the pod, whose name is the worker's id; `serviceAccount`: of the pod |

mod aws;
mod azure;
mod chain;
mod der_limits;
mod google;
mod keys;
mod kubernetes;
mod pem;
mod secret;
#[cfg(test)]
mod tests;
mod token;

use db::worker_manager::PoolWorkerRow;
use protocol::time::Timestamp;
use serde::Deserialize;

use super::{ProviderSettings, ProviderType};

pub use aws::FIELDS as AWS_FIELDS;
pub use azure::VM_ID;
pub use keys::{KeyError, KeySet};
pub use kubernetes::POD_UID;
pub use secret::{SECRET_SHA256, STATIC_SECRET, are_equal};
pub use token::open_id_token;

/// What a worker proves its identity with, as the API has it.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// A secret: of static workers, and the one-time secret of local ones.
    pub static_secret: Option<String>,
    /// An identity token.
    pub token: Option<String>,
    /// An identity document,
    pub document: Option<String>,
    /// and its signature, where it is apart from the document.
    pub signature: Option<String>,
}

/// What the proof must be of.
pub struct Expected<'a> {
    pub settings: &'a ProviderSettings,
    /// Who tokens must be for.
    pub root_url: &'a str,
    pub worker: &'a PoolWorkerRow,
    /// The opened secret of a static worker.
    pub static_secret: Option<String>,
}

/// Why a proof is refused. For the log: the client gets one text for all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error("the proof has no `{0}`, or it is too long")]
    Missing(&'static str),
    #[error("the {0} of the proof cannot be read, or is of another kind")]
    Form(&'static str),
    #[error("the secret is another one")]
    Secret,
    #[error("no key of the provider made the signature")]
    Signature,
    #[error("no authority of the provider issued the certificate, or it is not valid now")]
    Chain,
    #[error("`{0}` is of something else")]
    Differs(&'static str),
    #[error("it is not valid now")]
    Time,
    #[error("workers of this provider cannot register")]
    Provider,
}

/// No real proof is longer. Cloud documents have a few kilobytes.
const MAX_PROOF: usize = 64 * 1024;

/// Whether the proof is of this worker.
pub fn verify(proof: &Proof, expected: &Expected<'_>, keys: &KeySet, now: Timestamp) -> Result<(), IdentityError> {
    match expected.settings.provider_type {
        ProviderType::Static => secret::verify_static(proof, expected),
        ProviderType::Local => secret::verify_local(proof, expected),
        ProviderType::Aws => aws::verify(proof, expected, keys),
        ProviderType::Google => google::verify(proof, expected, keys, now),
        ProviderType::Azure => azure::verify(proof, expected, keys, now),
        ProviderType::Kubernetes => kubernetes::verify(proof, expected, keys, now),
        ProviderType::Null => Err(IdentityError::Provider),
    }
}

impl Proof {
    /// A part of the proof.
    fn part<'a>(part: Option<&'a String>, name: &'static str) -> Result<&'a str, IdentityError> {
        part.map(String::as_str).filter(|text| text.len() <= MAX_PROOF).ok_or(IdentityError::Missing(name))
    }
}
