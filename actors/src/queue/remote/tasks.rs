//! Tasks: new ones, their definitions and their statuses.

use protocol::{explain::Explanation, id::TaskId, proto, status::TaskStatus};

use super::{
    Unreadable, Wire,
    page::Key,
    wire::{all, inner, run_id, time},
};
use crate::kit::Page;
use crate::queue::types::{ClaimedTask, Definition, NewGraph, NewTask, PendingTask, TaskAndStatus};

impl Wire for TaskStatus {
    type Message = proto::TaskStatus;

    fn write(self) -> proto::TaskStatus {
        (&self).into()
    }

    fn read(message: proto::TaskStatus) -> Result<Self, Unreadable> {
        Ok(message.try_into()?)
    }
}

impl Wire for Vec<TaskStatus> {
    type Message = proto::TaskStatuses;

    fn write(self) -> proto::TaskStatuses {
        proto::TaskStatuses { statuses: self.into_iter().map(Wire::write).collect() }
    }

    fn read(message: proto::TaskStatuses) -> Result<Self, Unreadable> {
        all(message.statuses)
    }
}

impl Wire for NewTask {
    type Message = proto::NewTask;

    fn write(self) -> proto::NewTask {
        // A definition is made of texts, numbers and maps with text keys, all of which JSON has.
        let definition = serde_json::to_string(&self.definition).unwrap_or_default();
        proto::NewTask { task_id: self.task_id.to_string(), definition }
    }

    fn read(message: proto::NewTask) -> Result<Self, Unreadable> {
        Ok(Self { task_id: message.task_id.parse()?, definition: serde_json::from_str(&message.definition)? })
    }
}

impl Wire for NewGraph {
    type Message = proto::NewGraph;

    fn write(self) -> proto::NewGraph {
        proto::NewGraph { submit_key: self.submit_key, tasks: self.tasks.into_iter().map(Wire::write).collect() }
    }

    fn read(message: proto::NewGraph) -> Result<Self, Unreadable> {
        Ok(Self { submit_key: message.submit_key, tasks: all(message.tasks)? })
    }
}

impl Wire for Vec<(TaskId, Definition)> {
    type Message = proto::Definitions;

    fn write(self) -> proto::Definitions {
        let write = |(id, definition): (TaskId, Definition)| proto::Definition {
            task_id: id.to_string(),
            definition: definition.0,
        };
        proto::Definitions { definitions: self.into_iter().map(write).collect() }
    }

    fn read(message: proto::Definitions) -> Result<Self, Unreadable> {
        let read = |one: proto::Definition| Ok((one.task_id.parse()?, Definition(one.definition)));
        message.definitions.into_iter().map(read).collect()
    }
}

impl Wire for TaskAndStatus {
    type Message = proto::TaskAndStatus;

    fn write(self) -> proto::TaskAndStatus {
        proto::TaskAndStatus { definition: self.task.0, status: Some(self.status.write()) }
    }

    fn read(message: proto::TaskAndStatus) -> Result<Self, Unreadable> {
        Ok(Self { task: Definition(message.definition), status: inner("status", message.status)? })
    }
}

impl Wire for Page<TaskAndStatus, TaskId> {
    type Message = proto::TaskList;

    fn write(self) -> proto::TaskList {
        let tasks = self.rows.into_iter().map(Wire::write).collect();
        proto::TaskList { tasks, next: self.next.map(Key::words).unwrap_or_default() }
    }

    fn read(message: proto::TaskList) -> Result<Self, Unreadable> {
        Ok(Self { rows: all(message.tasks)?, next: TaskId::maybe(&message.next)? })
    }
}

impl Wire for Explanation {
    type Message = proto::Explanation;

    fn write(self) -> proto::Explanation {
        // It is made of texts, numbers and lists, all of which JSON has.
        proto::Explanation { explanation: serde_json::to_string(&self).unwrap_or_default() }
    }

    fn read(message: proto::Explanation) -> Result<Self, Unreadable> {
        Ok(serde_json::from_str(&message.explanation)?)
    }
}

impl Wire for PendingTask {
    type Message = proto::OpenTask;

    fn write(self) -> proto::OpenTask {
        proto::OpenTask {
            task_id: self.task_id.to_string(),
            run_id: self.run_id.into(),
            since_ms: self.inserted.timestamp_millis(),
            definition: self.task.0,
            worker: None,
        }
    }

    fn read(message: proto::OpenTask) -> Result<Self, Unreadable> {
        Ok(Self {
            task_id: message.task_id.parse()?,
            run_id: run_id(message.run_id)?,
            inserted: time("since_ms", message.since_ms)?,
            task: Definition(message.definition),
        })
    }
}

impl Wire for ClaimedTask {
    type Message = proto::OpenTask;

    fn write(self) -> proto::OpenTask {
        proto::OpenTask {
            task_id: self.task_id.to_string(),
            run_id: self.run_id.into(),
            since_ms: self.claimed.timestamp_millis(),
            definition: self.task.0,
            worker: Some(self.worker.write()),
        }
    }

    fn read(message: proto::OpenTask) -> Result<Self, Unreadable> {
        Ok(Self {
            task_id: message.task_id.parse()?,
            run_id: run_id(message.run_id)?,
            worker: inner("worker", message.worker)?,
            claimed: time("since_ms", message.since_ms)?,
            task: Definition(message.definition),
        })
    }
}

impl<T: Wire<Message = proto::OpenTask>, K: Key> Wire for OpenPage<T, K> {
    type Message = proto::OpenTasks;

    fn write(self) -> proto::OpenTasks {
        let tasks = self.0.rows.into_iter().map(Wire::write).collect();
        proto::OpenTasks { tasks, next: self.0.next.map(Key::words).unwrap_or_default() }
    }

    fn read(message: proto::OpenTasks) -> Result<Self, Unreadable> {
        Ok(Self(Page { rows: all(message.tasks)?, next: K::maybe(&message.next)? }))
    }
}

/// A page of what waits in a queue, or is worked on.
struct OpenPage<T, K>(Page<T, K>);

macro_rules! open_page {
    ($task:ty, $key:ty) => {
        impl Wire for Page<$task, $key> {
            type Message = proto::OpenTasks;

            fn write(self) -> proto::OpenTasks {
                OpenPage(self).write()
            }

            fn read(message: proto::OpenTasks) -> Result<Self, Unreadable> {
                OpenPage::read(message).map(|page| page.0)
            }
        }
    };
}

open_page!(PendingTask, i64);
open_page!(ClaimedTask, TaskId);
