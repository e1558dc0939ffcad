//! The index entries of a completed task.

use protocol::{
    id::TaskId,
    time::{self, Timestamp},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::NewEntry;

/// The routes by which a task is inserted into the index.
const ROUTE: &str = "route.index.";

/// `extra.index` of a definition, as far as it is of use: whatever has the wrong type counts as not given.
#[derive(Debug, PartialEq)]
struct IndexOptions {
    rank: f64,
    data: String,
    expires: Option<Timestamp>,
}

/// All entries that a task's definition asks for.
pub(super) fn entries_of(task_id: TaskId, expires: Timestamp, definition: &str) -> Vec<NewEntry> {
    #[derive(Deserialize)]
    struct Definition {
        #[serde(default)]
        routes: Vec<String>,
    }
    let routes = serde_json::from_str(definition).map_or_else(|_| Vec::new(), |Definition { routes }| routes);
    let routes: Vec<String> = routes.iter().map(|route| format!("route.{route}")).collect();
    IndexOptions::of(definition).entries(task_id, expires, &routes)
}

impl IndexOptions {
    fn of(definition: &str) -> Self {
        #[derive(Deserialize)]
        struct Definition {
            #[serde(default)]
            extra: Value,
        }
        let extra = serde_json::from_str(definition).map_or(Value::Null, |Definition { extra }| extra);
        let given = |name: &str| extra.get("index").and_then(|index| index.get(name));
        let data = given("data").filter(|data| data.is_object()).cloned();
        Self {
            rank: given("rank").and_then(Value::as_f64).unwrap_or(0.0),
            data: data.unwrap_or_else(|| Value::Object(Map::new())).to_string(),
            expires: given("expires").and_then(Value::as_str).and_then(time::parse),
        }
    }

    /// One entry for each of the routes that leads into the index and is a path.
    fn entries(&self, task_id: TaskId, task_expires: Timestamp, routes: &[String]) -> Vec<NewEntry> {
        let paths = routes.iter().filter_map(|route| route.strip_prefix(ROUTE)?.parse().ok());
        let entry = |path| NewEntry {
            path,
            task_id,
            rank: self.rank,
            data: self.data.clone(),
            expires: self.expires.unwrap_or(task_expires),
        };
        paths.map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(extra: &str) -> (f64, String, Option<String>) {
        let IndexOptions { rank, data, expires } =
            IndexOptions::of(&format!(r#"{{"created": "x", "extra": {extra}}}"#));
        (rank, data, expires.map(time::format))
    }

    #[test]
    fn what_is_missing_or_of_the_wrong_type_has_a_default() {
        let nothing = (0.0, "{}".to_owned(), None);
        let wrong = r#"{"index": {"rank": "3", "data": [1], "expires": 5}}"#;
        for extra in ["{}", "null", r#"{"index": 3}"#, wrong, r#"{"index": {"expires": "soon"}}"#] {
            assert_eq!(options(extra), nothing, "{extra}");
        }
        let given = r#"{"index": {"rank": 3.5, "data": {"a": null}, "expires": "2026-08-21T19:24:27.123Z"}}"#;
        let expires = Some("2026-08-21T19:24:27.123Z".to_owned());
        assert_eq!(options(given), (3.5, r#"{"a":null}"#.to_owned(), expires));
    }

    #[test]
    fn only_routes_into_the_index_make_entries() {
        let routes = ["route.index.a.b", "route.notify.x", "route.index.", "route.index.c", "index.d"];
        let task_id: TaskId = "fN1SbArXTPSVFNUvaOlinQ".parse().unwrap();
        let expires = Timestamp::UNIX_EPOCH;
        let entries = IndexOptions::of("{}").entries(task_id, expires, &routes.map(str::to_owned));
        let paths: Vec<_> = entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["a.b", "c"]);
        assert!(entries.iter().all(|entry| entry.expires == expires));
    }
}
