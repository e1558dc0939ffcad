//! Chain of Trust: a list of what a run made, signed by its worker, for those who do not want to trust the queue and its
//! storage. The format is that of generic-worker, which `scriptworker` verifies.

mod certificate;
mod key;
mod machine;

pub(crate) use self::certificate::{ArtifactHash, Certificate, with_additional};
pub use self::{
    key::{KeyError, SigningKey},
    machine::Machine,
};

pub(crate) const CERTIFICATE: &str = "public/chain-of-trust.json";
pub(crate) const SIGNATURE: &str = "public/chain-of-trust.json.sig";
pub(crate) const CERTIFIED_LOG: &str = "public/logs/certified.log";
/// A file of the task directory with what the task itself adds to the certificate.
pub(crate) const ADDITIONAL: &str = "chain-of-trust-additional-data.json";
