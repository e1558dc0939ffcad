//! From a file to the tasks that are sent: resolves names and times, and finds problems beforehand.

mod check;
mod expand;
mod from_now;
mod load;
mod name;
mod payload;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use protocol::{
    id::{TaskGroupId, TaskId},
    time::Timestamp,
};
use serde_json::{Value, json};

pub(crate) use self::{load::load, name::SubmitKey};

/// A graph as the file has it: defaults, and tasks by name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GraphDefinition {
    /// Where it was read from, for messages.
    pub(crate) file: String,
    /// What `$path` is relative to.
    pub(crate) folder: PathBuf,
    pub(crate) defaults: Value,
    pub(crate) tasks: BTreeMap<String, Value>,
}

/// What the command line adds to a graph definition.
#[derive(Debug, Clone)]
pub(crate) struct SubmitOptions {
    pub(crate) key: SubmitKey,
    /// The group to add the tasks to, instead of a new one.
    pub(crate) task_group_id: Option<TaskGroupId>,
    pub(crate) task_queue_id: String,
    pub(crate) env: BTreeMap<String, String>,
}

/// What is sent. The same definition, options and time give the same plan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) task_group_id: TaskGroupId,
    pub(crate) tasks: Vec<PlannedTask>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlannedTask {
    pub(crate) name: String,
    pub(crate) task_id: TaskId,
    pub(crate) task: Value,
}

impl PlannedTask {
    /// As an entry of `createGraph`.
    pub(crate) fn to_value(&self) -> Value {
        json!({ "taskId": self.task_id, "task": self.task })
    }
}

/// Everything that is wrong with a graph, a line with file, task and field for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphError(pub(crate) Vec<String>);

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing was sent:\n{}", self.0.join("\n"))
    }
}

impl GraphDefinition {
    /// The plan, or everything that is wrong.
    pub(crate) fn plan(&self, options: &SubmitOptions, now: Timestamp) -> Result<Plan, GraphError> {
        let names = options.key.name_all(self.tasks.keys());
        let task_group_id = options.task_group_id.unwrap_or_else(|| options.key.group(&names));
        let builder = expand::TaskBuilder { graph: self, options, names: &names, task_group_id, now };
        let (mut tasks, mut problems) = (Vec::new(), Vec::new());
        for (name, written) in &self.tasks {
            match builder.build(name, written) {
                Ok(planned) => tasks.push(planned),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() {
            problems.extend(
                check::cycle(&tasks)
                    .map(|path| format!("  {}: tasks depend on each other in a cycle: {path}", self.file)),
            );
        }
        if problems.is_empty() { Ok(Plan { task_group_id, tasks }) } else { Err(GraphError(problems)) }
    }

    /// File, task and field of a problem, for messages.
    fn place(&self, task: &str, field: &str) -> String {
        let field = if field.is_empty() { String::new() } else { format!(".{field}") };
        format!("  {}: tasks.{task}{field}", self.file)
    }
}

/// The folder of a file, absolute where the system can say so.
fn folder_of(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    parent.canonicalize().unwrap_or_else(|_| parent.to_owned())
}

#[cfg(test)]
mod tests;
