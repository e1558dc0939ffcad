//! From a file to the tasks that are sent: names become ids, words become times, faults are found beforehand.

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

pub(crate) use self::{load::load, name::Key};

/// A graph as it is written: defaults, and tasks by name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    /// Where it was read from, for messages.
    pub(crate) file: String,
    /// What `$path` is relative to.
    pub(crate) folder: PathBuf,
    pub(crate) defaults: Value,
    pub(crate) tasks: BTreeMap<String, Value>,
}

/// What the command line adds to a draft.
#[derive(Debug, Clone)]
pub(crate) struct Wishes {
    pub(crate) key: Key,
    /// The group to join, instead of one of its own.
    pub(crate) task_group_id: Option<TaskGroupId>,
    pub(crate) task_queue_id: String,
    pub(crate) env: BTreeMap<String, String>,
}

/// What is sent. The same draft with the same wishes and the same time gives the same plan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) task_group_id: TaskGroupId,
    pub(crate) tasks: Vec<Planned>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) task_id: TaskId,
    pub(crate) task: Value,
}

impl Planned {
    /// As the server takes it.
    pub(crate) fn to_value(&self) -> Value {
        json!({ "taskId": self.task_id, "task": self.task })
    }
}

/// Everything that is wrong with a draft, each with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Faults(pub(crate) Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing was sent:\n{}", self.0.join("\n"))
    }
}

impl Draft {
    /// Makes the plan, or says everything that is wrong.
    pub(crate) fn plan(&self, wishes: &Wishes, now: Timestamp) -> Result<Plan, Faults> {
        let names = wishes.key.name_all(self.tasks.keys());
        let task_group_id = wishes.task_group_id.unwrap_or_else(|| wishes.key.group(&names));
        let maker = expand::Maker { draft: self, wishes, names: &names, task_group_id, now };
        let (mut tasks, mut faults) = (Vec::new(), Vec::new());
        for (name, written) in &self.tasks {
            match maker.make(name, written) {
                Ok(planned) => tasks.push(planned),
                Err(more) => faults.extend(more),
            }
        }
        if faults.is_empty() {
            faults.extend(
                check::cycle(&tasks)
                    .map(|path| format!("  {}: tasks depend on each other in a ring: {path}", self.file)),
            );
        }
        if faults.is_empty() { Ok(Plan { task_group_id, tasks }) } else { Err(Faults(faults)) }
    }

    /// The place of a fault, for people.
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
