//! What a machine reads about itself, as JSON in the words of Taskcluster.

use serde::Deserialize;
use serde_json::Value;

use super::{IdentityError, MachineIdentity};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserData {
    pub(super) root_url: String,
    worker_pool_id: String,
    provider_id: String,
    worker_group: String,
}

impl UserData {
    pub(super) fn parse(text: &str) -> Result<Self, IdentityError> {
        serde_json::from_str(text).map_err(|error| IdentityError::Unreadable("user data", error))
    }

    pub(super) fn identity(self, worker_id: String, proof: Value) -> MachineIdentity {
        MachineIdentity {
            root_url: self.root_url,
            worker_pool_id: self.worker_pool_id,
            provider_id: self.provider_id,
            worker_group: self.worker_group,
            worker_id,
            proof,
        }
    }
}
