//! A decision as it is stored: complete enough to be explained and repeated.

use db::provisioner::{Decided, NewLaunch};
use protocol::time::Timestamp;
use serde_json::json;

use super::{StoredRequest, view::Prepared};
use crate::{
    decision::{Decision, Launch, PoolView},
    shared::Shared,
};

pub(super) fn decided(shared: &Shared, pool: &Prepared, view: &PoolView, decision: &Decision) -> Decided {
    let launches = decision.launches.iter().filter_map(|launch| new_launch(shared, pool, launch)).collect();
    Decided {
        worker_pool_id: pool.id().to_owned(),
        next_at: decision.next_at,
        decision: json!({
            "demand": decision.demand,
            "supply": decision.supply,
            "config": view.config,
            "missing": decision.missing,
            "unmet": decision.unmet,
            "steps": decision.steps,
            "launches": decision.launches,
            "excluded": decision.excluded,
            "limited_by": decision.limited_by,
        }),
        launches,
    }
}

/// Nothing is decided, and looked at again then.
pub(super) fn undecided(pool: &str, next_at: Timestamp) -> Decided {
    let decision = json!({ "limited_by": ["provider-unavailable"] });
    Decided { worker_pool_id: pool.to_owned(), next_at, decision, launches: Vec::new() }
}

fn new_launch(shared: &Shared, pool: &Prepared, launch: &Launch) -> Option<NewLaunch> {
    let config = pool.config(&launch.launch_config)?;
    let region = pool.region_of(&launch.launch_config)?.to_owned();
    let launch_id = uuid::Builder::from_random_bytes(shared.rng.uuid_bytes()).into_uuid();
    let request = StoredRequest::new(shared, pool, config, &region, launch_id);
    Some(NewLaunch {
        launch_id,
        launch_config_id: launch.launch_config.clone(),
        provider_id: pool.provider_id().to_owned(),
        region,
        instances: launch.instances,
        capacity: launch.capacity,
        request: serde_json::to_value(request).ok()?,
        instance_type: config.offering.instance_type.clone(),
        market: config.offering.market.as_str(),
    })
}
