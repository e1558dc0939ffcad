use protocol::{explain::Scopes, scope::ScopeSet, task::TaskDefinition};
use serde_json::Value;

/// What the task holds, and what its payload asks for beyond that: a worker ends such a run as malformed.
pub(super) fn of(definition: &TaskDefinition) -> Scopes {
    let held = ScopeSet::new(definition.scopes.iter().map(String::as_str));
    let mut missing = caches(&definition.payload);
    missing.retain(|scope| !held.satisfies(scope));
    missing.sort();
    missing.dedup();
    Scopes {
        held: definition.scopes.clone(),
        missing,
        to_claim: format!("queue:claim-work:{}", definition.task_queue_id),
    }
}

/// The scopes of the caches that a payload names: in `mounts` as generic-worker reads it, in `cache` as docker-worker does.
fn caches(payload: &Value) -> Vec<String> {
    let mounts = payload.get("mounts").and_then(Value::as_array).into_iter().flatten();
    let mounted = mounts.filter_map(|mount| mount.get("cacheName")?.as_str());
    let named = payload.get("cache").and_then(Value::as_object).into_iter().flat_map(|caches| caches.keys());
    mounted
        .map(|name| format!("generic-worker:cache:{name}"))
        .chain(named.map(|name| format!("docker-worker:cache:{name}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cache_asks_for_its_scope() {
        let payload = json!({ "mounts": [{ "cacheName": "a" }, { "directory": "d" }], "cache": { "b": "/b" } });
        assert_eq!(caches(&payload), ["generic-worker:cache:a", "docker-worker:cache:b"]);
        assert!(caches(&json!({ "mounts": 7, "cache": [] })).is_empty());
    }
}
