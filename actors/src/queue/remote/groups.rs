//! Task groups.

use protocol::{id::TaskId, proto};

use super::{
    Unreadable, Wire,
    wire::{ids, inner, time},
};
use crate::kit::Page;
use crate::queue::types::{CanceledGroup, QueueCounts, TaskAndStatus, TaskGroup};

impl Wire for TaskGroup {
    type Message = proto::Group;

    fn write(self) -> proto::Group {
        proto::Group {
            task_group_id: self.task_group_id.to_string(),
            scheduler_id: self.scheduler_id,
            expires_ms: self.expires.timestamp_millis(),
            sealed_ms: self.sealed.map(|at| at.timestamp_millis()),
        }
    }

    fn read(message: proto::Group) -> Result<Self, Unreadable> {
        Ok(Self {
            task_group_id: message.task_group_id.parse()?,
            scheduler_id: message.scheduler_id,
            expires: time("expires_ms", message.expires_ms)?,
            sealed: message.sealed_ms.map(|at| time("sealed_ms", at)).transpose()?,
        })
    }
}

impl Wire for (TaskGroup, Page<TaskAndStatus, TaskId>) {
    type Message = proto::GroupList;

    fn write(self) -> proto::GroupList {
        proto::GroupList { group: Some(self.0.write()), tasks: Some(self.1.write()) }
    }

    fn read(message: proto::GroupList) -> Result<Self, Unreadable> {
        Ok((inner("group", message.group)?, inner("tasks", message.tasks)?))
    }
}

impl Wire for CanceledGroup {
    type Message = proto::CanceledGroup;

    fn write(self) -> proto::CanceledGroup {
        proto::CanceledGroup { size: self.size, canceled: self.canceled.write().task_ids }
    }

    fn read(message: proto::CanceledGroup) -> Result<Self, Unreadable> {
        Ok(Self { size: message.size, canceled: ids(&message.canceled)? })
    }
}

impl Wire for (TaskGroup, Vec<TaskId>) {
    type Message = proto::ChangedGroup;

    fn write(self) -> proto::ChangedGroup {
        proto::ChangedGroup { group: Some(self.0.write()), changed: self.1.write().task_ids }
    }

    fn read(message: proto::ChangedGroup) -> Result<Self, Unreadable> {
        Ok((inner("group", message.group)?, ids(&message.changed)?))
    }
}

impl Wire for QueueCounts {
    type Message = proto::QueueCounts;

    fn write(self) -> proto::QueueCounts {
        proto::QueueCounts { pending: self.pending, claimed: self.claimed }
    }

    fn read(message: proto::QueueCounts) -> Result<Self, Unreadable> {
        Ok(Self { pending: message.pending, claimed: message.claimed })
    }
}
