//! Checks of the services around the masters, and their builders.

use serde_json::Value;

use super::{ClassicMaster, read::builder_id};
use crate::driver::{Builder, Checked, DriverError, DriverResult};

/// Only the database is needed in any case.
pub(super) async fn check(master: &ClassicMaster) -> DriverResult<Checked> {
    let shape = master.db.shape().await?;
    if !shape.missing.is_empty() {
        let message =
            format!("the scheduler database is not one of Buildbot 0.8: it lacks {}", shape.missing.join(", "));
        return Err(DriverError::InvalidResponse(message));
    }
    Ok(Checked {
        version: format!("0.8 with {}", shape.server),
        title: String::new(),
        user: Some(master.user.clone()).filter(|user| !user.is_empty()),
        creates_idempotently: true,
        ends_hanging: None,
    })
}

pub(super) async fn warnings(master: &ClassicMaster) -> Vec<String> {
    let mut warnings = Vec::new();
    if master.db.shape().await.is_ok_and(|shape| !shape.indexed) {
        warnings.push(
            "`buildsets.external_idstring` has no index, so each new build reads the whole table; an administrator of the \
             database can add one"
                .to_owned(),
        );
    }
    if let Err(error) = master.control.check().await {
        warnings.push(format!("builds cannot be cancelled: {error}"));
    }
    match &master.event_queue {
        None => {
            warnings.push("`classic.amqp_url` is not set: ends of builds are found late, and logs never".to_owned());
        }
        Some(event_queue) => {
            if let Err(error) = event_queue.check_broker().await {
                warnings.push(format!("the masters' broker: {error}"));
            }
        }
    }
    warnings
}

pub(super) async fn list(master: &ClassicMaster) -> DriverResult<Vec<Builder>> {
    let names = match master.control.builders().await? {
        Some(list) => names(&list)?,
        None => master.db.builders().await?,
    };
    let builder = |name: String| Builder {
        id: builder_id(&name),
        description: String::new(),
        active: true,
        schedulers: vec![master.scheduler.clone()],
        collapses: None,
        workers: None,
        holds: None,
        hanging: Vec::new(),
        name,
    };
    Ok(names.into_iter().map(builder).collect())
}

/// Names as a list, as the keys of an object, or either of them under `builders`.
fn names(list: &Value) -> DriverResult<Vec<String>> {
    let list = list.get("builders").unwrap_or(list);
    let text = |value: &Value| value.as_str().or_else(|| value["name"].as_str()).map(str::to_owned);
    let names = match list {
        Value::Object(members) => Some(members.keys().cloned().collect()),
        Value::Array(names) => names.iter().map(text).collect(),
        _ => None,
    };
    names.ok_or_else(|| DriverError::InvalidResponse("the list of builders holds something else than names".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn builders_are_read_from_all_usual_lists() {
        for list in [
            json!(["a", "b"]),
            json!([{"name": "a"}, {"name": "b"}]),
            json!({"a": {}, "b": {}}),
            json!({"builders": {"a": {}, "b": {}}, "schedulers": {}}),
        ] {
            assert_eq!(names(&list).unwrap(), ["a", "b"], "{list}");
        }
        assert!(names(&json!([1])).is_err() && names(&json!("a")).is_err());
    }
}
