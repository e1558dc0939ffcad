//! Reading a graph: one file, or a folder with a file for each task.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value};

use super::{Draft, Faults, folder_of};

/// Reads YAML or JSON. A folder holds one definition per file, which is named after its task.
pub(crate) fn load(path: &Path) -> Result<Draft, Faults> {
    if path.is_dir() { folder(path) } else { file(path) }
}

fn file(path: &Path) -> Result<Draft, Faults> {
    let shown = path.display().to_string();
    let Value::Object(mut fields) = read(path)? else {
        return Err(fault(&shown, "a graph is an object with `tasks`, and `defaults` if you like"));
    };
    let defaults = fields.remove("defaults").unwrap_or_else(|| Value::Object(Map::new()));
    let tasks = fields.remove("tasks");
    if let Some(unknown) = fields.keys().next() {
        return Err(fault(&shown, &format!("`{unknown}` is no field of a graph; it has `tasks` and `defaults`")));
    }
    if !defaults.is_object() {
        return Err(fault(&shown, "`defaults` must be an object: fields that all tasks share"));
    }
    let Some(Value::Object(tasks)) = tasks else {
        return Err(fault(&shown, "`tasks` must be an object: the name of each task, and its definition"));
    };
    finish(Draft { folder: folder_of(path), file: shown, defaults, tasks: tasks.into_iter().collect() })
}

fn folder(path: &Path) -> Result<Draft, Faults> {
    let shown = path.display().to_string();
    let unreadable = |error: std::io::Error| fault(&shown, &format!("the folder cannot be read: {error}"));
    let mut tasks = BTreeMap::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if !matches!(ending, "yml" | "yaml" | "json") {
            continue;
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if tasks.insert(name.clone(), read(&file)?).is_some() {
            return Err(fault(&shown, &format!("two files define the task `{name}`")));
        }
    }
    let folder = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    finish(Draft { file: shown, folder, defaults: Value::Object(Map::new()), tasks })
}

fn finish(draft: Draft) -> Result<Draft, Faults> {
    if draft.tasks.is_empty() {
        return Err(fault(&draft.file, "there are no tasks"));
    }
    Ok(draft)
}

fn read(path: &Path) -> Result<Value, Faults> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| fault(&shown, &format!("cannot be read: {error}")))?;
    if path.extension().is_some_and(|ending| ending == "json") {
        return serde_json::from_str(&text).map_err(|error| fault(&shown, &error.to_string()));
    }
    serde_saphyr::from_str(&text).map_err(|error| fault(&shown, &error.to_string()))
}

fn fault(file: &str, words: &str) -> Faults {
    Faults(vec![format!("  {file}: {words}")])
}
