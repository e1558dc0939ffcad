//! What the queue refuses, in one process and heard in another.

use protocol::{
    id::{TaskGroupId, TaskId, WorkerName},
    proto::{RpcError, RpcErrorKind as Kind},
};

use super::{Unreadable, wire::run_id};
use crate::queue::QueueError;

pub(super) fn write(error: &QueueError) -> RpcError {
    let about = |kind: Kind, task_id: String| RpcError { kind: kind.into(), task_id, ..RpcError::default() };
    let says =
        |kind: Kind, words: &str| RpcError { kind: kind.into(), message: words.to_owned(), ..RpcError::default() };
    match error {
        QueueError::NoSuchTask(id) => about(Kind::NoSuchTask, id.to_string()),
        QueueError::NoSuchRun(id, run) => RpcError { run_id: (*run).into(), ..about(Kind::NoSuchRun, id.to_string()) },
        QueueError::NoSuchGroup(id) => about(Kind::NoSuchGroup, id.to_string()),
        QueueError::NoSuchWorker(worker) => RpcError {
            worker_group: worker.worker_group.clone(),
            worker_id: worker.worker_id.clone(),
            ..about(Kind::NoSuchWorker, String::new())
        },
        QueueError::NoSuchQueue(what) => says(Kind::NoSuchQueue, what),
        QueueError::Input(words) => says(Kind::Input, words),
        QueueError::Field { field, expected, got } => RpcError {
            kind: Kind::Field.into(),
            field: field.clone(),
            expected: expected.clone(),
            got: got.clone(),
            ..RpcError::default()
        },
        QueueError::Conflict(words) => says(Kind::Conflict, words),
        QueueError::Unavailable(why) => says(Kind::Unavailable, why),
        QueueError::Database(_) | QueueError::Elsewhere => says(Kind::Failed, ""),
    }
}

/// A refusal that cannot be read is one all the same.
pub(super) fn read(refusal: RpcError) -> QueueError {
    try_read(refusal).unwrap_or_else(|error| {
        tracing::error!(%error, "a refusal of the queue cannot be read");
        QueueError::Elsewhere
    })
}

fn try_read(refusal: RpcError) -> Result<QueueError, Unreadable> {
    let kind = refusal.kind();
    let RpcError { message: words, task_id, run_id: run, worker_group, worker_id, field, expected, got, .. } = refusal;
    Ok(match kind {
        Kind::Failed => QueueError::Elsewhere,
        Kind::Unavailable => QueueError::Unavailable("another process of it cannot answer just now"),
        Kind::Input => QueueError::Input(words),
        Kind::Field => QueueError::Field { field, expected, got },
        Kind::Conflict => QueueError::Conflict(words),
        Kind::NoSuchTask => QueueError::NoSuchTask(task_id.parse::<TaskId>()?),
        Kind::NoSuchRun => QueueError::NoSuchRun(task_id.parse()?, run_id(run)?),
        Kind::NoSuchGroup => QueueError::NoSuchGroup(task_id.parse::<TaskGroupId>()?),
        Kind::NoSuchWorker => QueueError::NoSuchWorker(WorkerName { worker_group, worker_id }),
        Kind::NoSuchQueue => QueueError::NoSuchQueue(words),
    })
}
