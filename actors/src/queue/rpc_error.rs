//! Errors of the queue, on their way from one process to another.

use protocol::{
    id::WorkerName,
    proto::{RpcError, RpcErrorKind as Kind},
};

use super::error::QueueError;
use crate::kit::rpc::{InvalidMessage, Proto};

pub(super) fn to_proto(error: &QueueError) -> RpcError {
    let of_task = |kind: Kind, task_id: String| RpcError { kind: kind.into(), task_id, ..RpcError::default() };
    let with =
        |kind: Kind, message: &str| RpcError { kind: kind.into(), message: message.to_owned(), ..RpcError::default() };
    match error {
        QueueError::NoSuchTask(id) => of_task(Kind::NoSuchTask, id.to_string()),
        QueueError::NoSuchRun(id, run) => {
            RpcError { run_id: (*run).into(), ..of_task(Kind::NoSuchRun, id.to_string()) }
        }
        QueueError::NoSuchGroup(id) => of_task(Kind::NoSuchGroup, id.to_string()),
        QueueError::NoSuchWorker(worker) => RpcError {
            worker_group: worker.worker_group.clone(),
            worker_id: worker.worker_id.clone(),
            ..of_task(Kind::NoSuchWorker, String::new())
        },
        QueueError::NoSuchQueue(what) => with(Kind::NoSuchQueue, what),
        QueueError::Input(message) => with(Kind::Input, message),
        QueueError::Field { field, expected, got } => RpcError {
            kind: Kind::Field.into(),
            field: field.clone(),
            expected: expected.clone(),
            got: got.clone(),
            ..RpcError::default()
        },
        QueueError::Conflict(message) => with(Kind::Conflict, message),
        QueueError::Unavailable(why) => with(Kind::Unavailable, why),
        QueueError::Database(_) | QueueError::Remote => with(Kind::Failed, ""),
    }
}

/// An error that cannot be decoded is one all the same.
pub(super) fn from_proto(error: RpcError) -> QueueError {
    try_from_proto(error).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot decode RPC error");
        QueueError::Remote
    })
}

fn try_from_proto(error: RpcError) -> Result<QueueError, InvalidMessage> {
    let kind = error.kind();
    let RpcError { message, task_id, run_id, worker_group, worker_id, field, expected, got, .. } = error;
    Ok(match kind {
        Kind::Failed => QueueError::Remote,
        Kind::Unavailable => QueueError::Unavailable("another process of it cannot answer just now"),
        Kind::Input => QueueError::Input(message),
        Kind::Field => QueueError::Field { field, expected, got },
        Kind::Conflict => QueueError::Conflict(message),
        Kind::NoSuchTask => QueueError::NoSuchTask(Proto::from_proto(task_id)?),
        Kind::NoSuchRun => QueueError::NoSuchRun(Proto::from_proto(task_id)?, Proto::from_proto(run_id)?),
        Kind::NoSuchGroup => QueueError::NoSuchGroup(Proto::from_proto(task_id)?),
        Kind::NoSuchWorker => QueueError::NoSuchWorker(WorkerName { worker_group, worker_id }),
        Kind::NoSuchQueue => QueueError::NoSuchQueue(message),
    })
}
