//! Whether the ways to the masters are open, and which builders they have.

use serde_json::Value;

use super::{ClassicMaster, read::builder_id};
use crate::driver::{Answer, Builder, Checked, DriverError};

/// The database is what nothing works without.
pub(super) async fn check(master: &ClassicMaster) -> Answer<Checked> {
    let shape = master.db.shape().await?;
    if !shape.missing.is_empty() {
        let words = format!("the scheduler database is not one of Buildbot 0.8: it lacks {}", shape.missing.join(", "));
        return Err(DriverError::BadAnswer(words));
    }
    Ok(Checked {
        version: format!("0.8 with {}", shape.server),
        title: String::new(),
        user: Some(master.user.clone()).filter(|user| !user.is_empty()),
        creates_once: true,
        ends_hanging: None,
    })
}

pub(super) async fn hitches(master: &ClassicMaster) -> Vec<String> {
    let mut hitches = Vec::new();
    if master.db.shape().await.is_ok_and(|shape| !shape.indexed) {
        hitches.push(
            "`buildsets.external_idstring` has no index, so each new build reads the whole table; an administrator of the \
             database can add one"
                .to_owned(),
        );
    }
    if let Err(error) = master.control.greet().await {
        hitches.push(format!("builds cannot be cancelled: {error}"));
    }
    match &master.place {
        None => {
            hitches
                .push("`classic.amqp_url` is not set: tasks hear late of their builds, and never of logs".to_owned());
        }
        Some(place) => {
            if let Err(error) = place.greet().await {
                hitches.push(format!("the masters' broker: {error}"));
            }
        }
    }
    hitches
}

pub(super) async fn list(master: &ClassicMaster) -> Answer<Vec<Builder>> {
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

/// Names as a list, as the members of an object, or either of them under `builders`.
fn names(list: &Value) -> Answer<Vec<String>> {
    let list = list.get("builders").unwrap_or(list);
    let text = |value: &Value| value.as_str().or_else(|| value["name"].as_str()).map(str::to_owned);
    let names = match list {
        Value::Object(members) => Some(members.keys().cloned().collect()),
        Value::Array(names) => names.iter().map(text).collect(),
        _ => None,
    };
    names.ok_or_else(|| DriverError::BadAnswer("the list of builders holds something else than names".to_owned()))
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
