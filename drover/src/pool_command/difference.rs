//! What differs between a worker pool and its definition in a file.

use serde_json::{Value, json};

use super::definition::Definition;
use crate::output::Output;

/// What `update` would do to a pool.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) pool: String,
    /// The field, its value now (null: none) and as it stands in the file.
    pub(super) fields: Vec<(String, Value, Value)>,
}

/// Launch configs are shown one by one; everything else of the configuration by field.
pub(super) fn change(pool: &Definition, now: Option<&Value>) -> Change {
    let (after, mut fields) = (pool.body(), Vec::new());
    let null = Value::Null;
    let before = now.unwrap_or(&null);
    for name in ["providerId", "description", "owner", "emailOnError"] {
        compare(name, &before[name], &after[name], &mut fields);
    }
    let empty = serde_json::Map::new();
    let (old, new) = (before["config"].as_object().unwrap_or(&empty), after["config"].as_object().unwrap_or(&empty));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (old, new) = (old.get(name).unwrap_or(&null), new.get(name).unwrap_or(&null));
        match name.as_str() {
            "launchConfigs" => compare_launch_configs(old, new, &mut fields),
            _ => compare(&format!("config.{name}"), old, new, &mut fields),
        }
    }
    Change { pool: pool.worker_pool_id.clone(), fields }
}

fn compare(name: &str, old: &Value, new: &Value, fields: &mut Vec<(String, Value, Value)>) {
    if old != new {
        fields.push((name.to_owned(), old.clone(), new.clone()));
    }
}

/// Their order says nothing.
fn compare_launch_configs(old: &Value, new: &Value, fields: &mut Vec<(String, Value, Value)>) {
    let none = Vec::new();
    let (old, new) = (old.as_array().unwrap_or(&none), new.as_array().unwrap_or(&none));
    let name = || "config.launchConfigs".to_owned();
    fields
        .extend(old.iter().filter(|config| !new.contains(config)).map(|config| (name(), config.clone(), Value::Null)));
    fields
        .extend(new.iter().filter(|config| !old.contains(config)).map(|config| (name(), Value::Null, config.clone())));
}

pub(super) fn show(change: &Change, output: Output) {
    if output.is_json() {
        let field = |(name, old, new): &(String, Value, Value)| json!({ "field": name, "now": old, "file": new });
        let fields: Vec<Value> = change.fields.iter().map(field).collect();
        return output.json(&json!({ "workerPoolId": change.pool, "changes": fields }));
    }
    if change.fields.is_empty() {
        return output.line(&format!("{}: no difference", change.pool));
    }
    output.line(&format!("{}:", change.pool));
    for (name, old, new) in &change.fields {
        for (sign, value) in [("-", old), ("+", new)].into_iter().filter(|(_, value)| !value.is_null()) {
            output.line(&format!("  {sign} {name}: {value}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(config: &Value) -> Definition {
        let text = json!({ "workerPoolId": "a/b", "providerId": "aws", "owner": "o", "config": config });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_difference_names_fields_and_launch_configs_of_any_order() {
        let (one, two) = (json!({ "region": "one" }), json!({ "region": "two" }));
        let new = pool(&json!({ "maxCapacity": 2, "launchConfigs": [one, two] }));
        let mut now = new.body();
        now["config"]["launchConfigs"] = json!([two, one]);
        assert_eq!(change(&new, Some(&now)).fields, []);
        now["config"] = json!({ "maxCapacity": 1, "launchConfigs": [one] });
        let expected = [
            ("config.launchConfigs".to_owned(), Value::Null, two),
            ("config.maxCapacity".to_owned(), json!(1), json!(2)),
        ];
        assert_eq!(change(&new, Some(&now)).fields, expected);
        assert_eq!(change(&new, None).fields.len(), 7, "a pool that is not there differs in everything");
    }
}
