//! Claims, and how runs end.

use protocol::{
    id::{RunId, TaskId, TaskQueueId, WorkerName},
    proto,
    state::{ReasonResolved, TaskState},
};

use super::{
    Unreadable, Wire,
    wire::{code, inner, run_id, time},
};
use crate::queue::{
    Report,
    types::{Claim, ClaimWork, Definition, Reclaim},
};

impl Wire for ClaimWork {
    type Message = proto::WorkWanted;

    fn write(self) -> proto::WorkWanted {
        let (worker, count) = (Some(self.worker.write()), self.count.into());
        proto::WorkWanted { task_queue_id: self.task_queue_id.0, worker, count }
    }

    fn read(message: proto::WorkWanted) -> Result<Self, Unreadable> {
        Ok(Self {
            task_queue_id: TaskQueueId(message.task_queue_id),
            worker: inner("worker", message.worker)?,
            count: message.count.try_into().map_err(|_| Unreadable::Field("count"))?,
        })
    }
}

impl Wire for (TaskId, RunId) {
    type Message = proto::RunRef;

    fn write(self) -> proto::RunRef {
        proto::RunRef { task_id: self.0.to_string(), run_id: self.1.into() }
    }

    fn read(message: proto::RunRef) -> Result<Self, Unreadable> {
        Ok((message.task_id.parse()?, run_id(message.run_id)?))
    }
}

impl Wire for (TaskId, RunId, WorkerName) {
    type Message = proto::RunWanted;

    fn write(self) -> proto::RunWanted {
        proto::RunWanted { run: Some((self.0, self.1).write()), worker: Some(self.2.write()) }
    }

    fn read(message: proto::RunWanted) -> Result<Self, Unreadable> {
        let (task_id, run_id) = inner("run", message.run)?;
        Ok((task_id, run_id, inner("worker", message.worker)?))
    }
}

impl Wire for (TaskId, RunId, Report) {
    type Message = proto::RunEnd;

    fn write(self) -> proto::RunEnd {
        let (outcome, reason) = match self.2 {
            Report::Completed => (TaskState::Completed, ReasonResolved::Completed),
            Report::Failed => (TaskState::Failed, ReasonResolved::Failed),
            Report::Exception(reason) => (TaskState::Exception, reason),
        };
        let run = Some((self.0, self.1).write());
        proto::RunEnd { run, outcome: outcome.code().into(), reason: reason.code().into() }
    }

    fn read(message: proto::RunEnd) -> Result<Self, Unreadable> {
        let (task_id, run_id) = inner("run", message.run)?;
        let report = match TaskState::from_code(code(message.outcome)?)? {
            TaskState::Completed => Report::Completed,
            TaskState::Failed => Report::Failed,
            TaskState::Exception => Report::Exception(ReasonResolved::from_code(code(message.reason)?)?),
            _ => return Err(Unreadable::Field("outcome")),
        };
        Ok((task_id, run_id, report))
    }
}

impl Wire for Claim {
    type Message = proto::Claim;

    fn write(self) -> proto::Claim {
        proto::Claim {
            run_id: self.run_id.into(),
            worker: Some(self.worker.write()),
            taken_until_ms: self.taken_until.timestamp_millis(),
            status: Some(self.status.write()),
            definition: self.task.0,
            scopes: self.scopes,
        }
    }

    fn read(message: proto::Claim) -> Result<Self, Unreadable> {
        Ok(Self {
            run_id: run_id(message.run_id)?,
            worker: inner("worker", message.worker)?,
            taken_until: time("taken_until_ms", message.taken_until_ms)?,
            status: inner("status", message.status)?,
            task: Definition(message.definition),
            scopes: message.scopes,
        })
    }
}

impl Wire for Vec<Claim> {
    type Message = proto::Claims;

    fn write(self) -> proto::Claims {
        proto::Claims { claims: self.into_iter().map(Wire::write).collect() }
    }

    /// A claim that cannot be read takes no other with it. It is given again, or ends with its lease.
    fn read(message: proto::Claims) -> Result<Self, Unreadable> {
        let readable = |claim: proto::Claim| {
            Claim::read(claim).inspect_err(|error| tracing::error!(%error, "a claim of an answer cannot be read")).ok()
        };
        Ok(message.claims.into_iter().filter_map(readable).collect())
    }
}

impl Wire for Reclaim {
    type Message = proto::Claim;

    fn write(self) -> proto::Claim {
        proto::Claim {
            run_id: self.run_id.into(),
            worker: Some(self.worker.write()),
            taken_until_ms: self.taken_until.timestamp_millis(),
            status: Some(self.status.write()),
            definition: String::new(),
            scopes: self.scopes,
        }
    }

    fn read(message: proto::Claim) -> Result<Self, Unreadable> {
        let Claim { run_id, worker, taken_until, status, scopes, .. } = Claim::read(message)?;
        Ok(Self { run_id, worker, taken_until, status, scopes })
    }
}
