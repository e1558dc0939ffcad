//! Single entries, by their paths.

use std::sync::Arc;

use actors::index::{IndexEntry, IndexPath, NewEntry, NoPath};
use protocol::{
    id::TaskId,
    time::{self, Timestamp},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::IndexState;
use crate::http::{ApiError, ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InsertBody {
    task_id: TaskId,
    rank: f64,
    data: Map<String, Value>,
    #[serde(with = "time::wire")]
    expires: Timestamp,
}

#[derive(Deserialize)]
struct PathsBody {
    indexes: Vec<String>,
}

pub(super) async fn find_task(state: Arc<IndexState>, call: Call) -> ApiResult {
    let entry = state.index.find(&path(&call, "indexPath")?).await?;
    Ok(described(&entry).into())
}

/// An invalid path has no task, and is left out like any other without one.
pub(super) async fn find_tasks_at_index(state: Arc<IndexState>, mut call: Call) -> ApiResult {
    let PathsBody { indexes } = call.body()?;
    call.authorize(|params| params.list("indexPaths", &indexes))?;
    let paths: Vec<IndexPath> = indexes.iter().filter_map(|text| text.parse().ok()).collect();
    let page = state.index.find_all(&paths, call.page()?).await?;
    let token = page.next.map(|key| call.token(&key));
    let response = Object::new().list("tasks", page.rows.iter().map(described));
    Ok(response.optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn insert_task(state: Arc<IndexState>, mut call: Call) -> ApiResult {
    let path = path(&call, "namespace")?;
    let InsertBody { task_id, rank, data, expires } = call.body()?;
    let data = Value::Object(data).to_string();
    let standing = state.index.insert(NewEntry { path, task_id, rank, data, expires }).await?;
    Ok(described(&standing).into())
}

pub(super) async fn delete_task(state: Arc<IndexState>, call: Call) -> ApiResult {
    state.index.delete(&path(&call, "namespace")?).await?;
    Ok(Object::new().into())
}

pub(super) fn path(call: &Call, param: &str) -> Result<IndexPath, ApiError> {
    let text = call.param(param);
    text.parse().map_err(|error: NoPath| {
        ApiError::from(error).at(format!("/params/{param}"), "be a path of the index", format!("`{text}`"))
    })
}

pub(super) fn described(entry: &IndexEntry) -> Object {
    Object::new()
        .field("namespace", &joined(&entry.namespace, &entry.name))
        .field("taskId", &entry.task_id)
        .raw("rank", &number(entry.rank))
        .raw("data", &entry.data)
        .field("expires", &time::format(entry.expires))
}

/// The path that leads to a name in a namespace.
pub(super) fn joined(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

/// Whole numbers without a decimal point: that is how clients wrote them.
fn number(rank: f64) -> String {
    format!("{rank}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_written_as_it_came() {
        for (rank, text) in [(0.0, "0"), (-3.0, "-3"), (1.5, "1.5"), (1e300, &format!("1{}", "0".repeat(300)))] {
            assert_eq!(number(rank), text);
            assert_eq!(serde_json::from_str::<f64>(text).unwrap().to_bits(), rank.to_bits());
        }
    }
}
