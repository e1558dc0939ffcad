//! From our types to messages and back.

use chrono::DateTime;
use protocol::{
    event::EventDecodeError,
    id::{NotASlug, RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName},
    proto,
    state::{Priority, UnknownWord},
    time::Timestamp,
};

/// Why a message makes no value of ours.
#[derive(Debug, thiserror::Error)]
pub(in crate::queue) enum Unreadable {
    #[error("the bytes are no such message")]
    Bytes(#[from] prost::DecodeError),
    #[error("an id in it is none")]
    Id(#[from] NotASlug),
    #[error("a number in it stands for nothing")]
    Word(#[from] UnknownWord),
    #[error("a status in it cannot be")]
    Status(#[from] EventDecodeError),
    #[error("the definition in it cannot be read")]
    Definition(#[from] serde_json::Error),
    #[error("its `{0}` is missing or out of range")]
    Field(&'static str),
}

/// What travels between processes.
pub(in crate::queue) trait Wire: Sized {
    type Message: prost::Message + Default;

    fn write(self) -> Self::Message;
    fn read(message: Self::Message) -> Result<Self, Unreadable>;
}

/// The arguments of a method with one.
impl<T: Wire> Wire for (T,) {
    type Message = T::Message;

    fn write(self) -> T::Message {
        self.0.write()
    }

    fn read(message: T::Message) -> Result<Self, Unreadable> {
        T::read(message).map(|one| (one,))
    }
}

impl Wire for TaskId {
    type Message = proto::TaskRef;

    fn write(self) -> proto::TaskRef {
        proto::TaskRef { task_id: self.to_string() }
    }

    fn read(message: proto::TaskRef) -> Result<Self, Unreadable> {
        Ok(message.task_id.parse()?)
    }
}

impl Wire for TaskGroupId {
    type Message = proto::TaskRef;

    fn write(self) -> proto::TaskRef {
        proto::TaskRef { task_id: self.to_string() }
    }

    fn read(message: proto::TaskRef) -> Result<Self, Unreadable> {
        Ok(message.task_id.parse()?)
    }
}

impl Wire for Vec<TaskId> {
    type Message = proto::TaskIds;

    fn write(self) -> proto::TaskIds {
        proto::TaskIds { task_ids: self.iter().map(ToString::to_string).collect() }
    }

    fn read(message: proto::TaskIds) -> Result<Self, Unreadable> {
        ids(&message.task_ids)
    }
}

impl Wire for TaskQueueId {
    type Message = proto::QueueRef;

    fn write(self) -> proto::QueueRef {
        proto::QueueRef { task_queue_id: self.0 }
    }

    fn read(message: proto::QueueRef) -> Result<Self, Unreadable> {
        Ok(Self(message.task_queue_id))
    }
}

impl Wire for (TaskId, Priority) {
    type Message = proto::NewPriority;

    fn write(self) -> proto::NewPriority {
        proto::NewPriority { task_id: self.0.to_string(), priority: self.1.code().into() }
    }

    fn read(message: proto::NewPriority) -> Result<Self, Unreadable> {
        Ok((message.task_id.parse()?, priority(message.priority)?))
    }
}

impl Wire for (TaskGroupId, Priority) {
    type Message = proto::NewPriority;

    fn write(self) -> proto::NewPriority {
        proto::NewPriority { task_id: self.0.to_string(), priority: self.1.code().into() }
    }

    fn read(message: proto::NewPriority) -> Result<Self, Unreadable> {
        Ok((message.task_id.parse()?, priority(message.priority)?))
    }
}

impl Wire for WorkerName {
    type Message = proto::WorkerName;

    fn write(self) -> proto::WorkerName {
        proto::WorkerName { worker_group: self.worker_group, worker_id: self.worker_id }
    }

    fn read(message: proto::WorkerName) -> Result<Self, Unreadable> {
        Ok(Self { worker_group: message.worker_group, worker_id: message.worker_id })
    }
}

/// A message inside a message, which protobuf lets be missing.
pub(super) fn inner<T: Wire>(field: &'static str, message: Option<T::Message>) -> Result<T, Unreadable> {
    T::read(message.ok_or(Unreadable::Field(field))?)
}

pub(super) fn all<T: Wire>(messages: Vec<T::Message>) -> Result<Vec<T>, Unreadable> {
    messages.into_iter().map(T::read).collect()
}

pub(super) fn ids(slugs: &[String]) -> Result<Vec<TaskId>, Unreadable> {
    slugs.iter().map(|slug| Ok(slug.parse()?)).collect()
}

pub(super) fn time(field: &'static str, ms: i64) -> Result<Timestamp, Unreadable> {
    DateTime::from_timestamp_millis(ms).ok_or(Unreadable::Field(field))
}

pub(super) fn run_id(number: i32) -> Result<RunId, Unreadable> {
    number.try_into().map_err(|_| Unreadable::Field("run_id"))
}

pub(super) fn code(number: i32) -> Result<i16, Unreadable> {
    number.try_into().map_err(|_| Unreadable::Field("code"))
}

fn priority(number: i32) -> Result<Priority, Unreadable> {
    Ok(Priority::from_code(code(number)?)?)
}
