//! What a worker on a machine of a provider knows of itself: which pool it belongs to, who it is, and how it proves that.

mod advisor;
pub mod aws;
pub mod azure;
mod error;
pub mod google;
mod imds;
pub mod kubernetes;
pub mod local;
mod machine;
mod metadata_server;
mod session;
mod user_data;

use serde_json::Value;

pub use advisor::Advisor;
pub use error::{IdentityError, MetadataError};
pub use machine::MachineProvider;
pub use session::{Registered, Session};

/// What registerWorker asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineIdentity {
    pub root_url: String,
    pub worker_pool_id: String,
    pub provider_id: String,
    pub worker_group: String,
    pub worker_id: String,
    /// `workerIdentityProof`.
    pub proof: Value,
}

/// The provider is about to take the machine back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interruption;
