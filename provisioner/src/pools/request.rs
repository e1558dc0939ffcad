//! What a launch asks of its provider, as the ledger keeps it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::view::{Prepared, PreparedConfig};
use crate::{
    provider::{Launch, LaunchId, UserData},
    shared::Shared,
};

/// Complete, so that a repeat asks for exactly the same, whatever became of the pool meanwhile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRequest {
    pub(crate) configuration: Value,
    user_data: UserData,
    tags: BTreeMap<String, String>,
    /// Since when the oldest task waited that it was decided for.
    #[serde(default)]
    pub(crate) demand_since: Option<DateTime<Utc>>,
}

impl StoredRequest {
    pub(super) fn new(shared: &Shared, pool: &Prepared, config: &PreparedConfig, region: &str, id: LaunchId) -> Self {
        let object = || Value::Object(Map::new());
        let additional = config.configuration.get("additionalUserData").and_then(Value::as_object);
        let user_data = UserData {
            worker_pool_id: pool.id().to_owned(),
            provider_id: pool.provider_id().to_owned(),
            worker_group: region.to_owned(),
            root_url: shared.root_url.clone(),
            worker_config: config.configuration.get("workerConfig").cloned().unwrap_or_else(object),
            launch_config_id: config.row.launch_config_id.clone(),
            additional: additional.cloned().unwrap_or_default().into_iter().collect(),
        };
        let tags = [
            ("CreatedBy", format!("taskcluster-wm-{}", pool.provider_id())),
            ("ManagedBy", "taskcluster".to_owned()),
            ("Owner", pool.row.owner.clone()),
            ("WorkerPoolId", pool.id().to_owned()),
            ("Name", pool.id().to_owned()),
            ("drover-deployment", shared.deployment.clone()),
            ("drover-launch", id.to_string()),
        ];
        let tags = tags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let demand_since = pool.row.oldest_pending;
        Self { configuration: config.configuration.clone(), user_data, tags, demand_since }
    }

    pub(crate) fn launch(self, id: LaunchId, region: String, instances: u32, deadline: DateTime<Utc>) -> Launch {
        let Self { configuration, user_data, tags, .. } = self;
        Launch { id, region, instances, configuration, user_data, tags, deadline }
    }
}
