//! Reading a graph: one file, or a folder with a file for each task.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value};

use super::{GraphDefinition, GraphError, folder_of};

/// Reads YAML or JSON. A folder holds one definition per file, which is named after its task.
pub(crate) fn load(path: &Path) -> Result<GraphDefinition, GraphError> {
    if path.is_dir() { folder(path) } else { file(path) }
}

fn file(path: &Path) -> Result<GraphDefinition, GraphError> {
    let shown = path.display().to_string();
    let Value::Object(mut fields) = read(path)? else {
        return Err(problem(&shown, "a graph is an object with `tasks`, and `defaults` if you like"));
    };
    let defaults = fields.remove("defaults").unwrap_or_else(|| Value::Object(Map::new()));
    let tasks = fields.remove("tasks");
    if let Some(unknown) = fields.keys().next() {
        return Err(problem(&shown, &format!("`{unknown}` is no field of a graph; it has `tasks` and `defaults`")));
    }
    if !defaults.is_object() {
        return Err(problem(&shown, "`defaults` must be an object: fields that all tasks share"));
    }
    let Some(Value::Object(tasks)) = tasks else {
        return Err(problem(&shown, "`tasks` must be an object: the name of each task, and its definition"));
    };
    finish(GraphDefinition { folder: folder_of(path), file: shown, defaults, tasks: tasks.into_iter().collect() })
}

fn folder(path: &Path) -> Result<GraphDefinition, GraphError> {
    let shown = path.display().to_string();
    let unreadable = |error: std::io::Error| problem(&shown, &format!("the folder cannot be read: {error}"));
    let mut tasks = BTreeMap::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if !matches!(ending, "yml" | "yaml" | "json") {
            continue;
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if tasks.insert(name.clone(), read(&file)?).is_some() {
            return Err(problem(&shown, &format!("two files define the task `{name}`")));
        }
    }
    let folder = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    finish(GraphDefinition { file: shown, folder, defaults: Value::Object(Map::new()), tasks })
}

fn finish(graph: GraphDefinition) -> Result<GraphDefinition, GraphError> {
    if graph.tasks.is_empty() {
        return Err(problem(&graph.file, "there are no tasks"));
    }
    Ok(graph)
}

fn read(path: &Path) -> Result<Value, GraphError> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| problem(&shown, &format!("cannot be read: {error}")))?;
    if path.extension().is_some_and(|ending| ending == "json") {
        return serde_json::from_str(&text).map_err(|error| problem(&shown, &error.to_string()));
    }
    serde_saphyr::from_str(&text).map_err(|error| problem(&shown, &error.to_string()))
}

fn problem(file: &str, message: &str) -> GraphError {
    GraphError(vec![format!("  {file}: {message}")])
}
