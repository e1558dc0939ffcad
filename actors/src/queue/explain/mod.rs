//! Why is this task not running? Everything that has to do with it, from bounded questions.

mod dependencies;
mod pool;
mod scopes;
mod stored;
mod verdict;

use chrono::TimeDelta;
use db::{
    dead_letters::TaskDeadLetter,
    queue::{PositionRow, TaskNote, Undelivered, WorkersSeen},
};
use protocol::{
    explain::{Cause, Claim, Deadline, Event, Events, Explanation, Note, Position, Retries, Worker, Workers},
    id::{TaskId, TaskQueueId},
    state::TaskState,
    status::TaskStatus,
    time::Timestamp,
};

use super::{error::QueueError, local::LocalQueue};

/// Pending rows, workers or waiting events that are looked at.
const LIMIT: i32 = 10_000;
/// Workers that are named.
const LISTED: i32 = 10;
/// The record of a waiting worker is written every five minutes (`claims/wait_queue.rs`); who misses two is gone.
const ALIVE: TimeDelta = TimeDelta::minutes(12);

impl LocalQueue {
    pub(super) async fn explain(&self, id: TaskId) -> Result<Explanation, QueueError> {
        self.read(explain(self, id)).await
    }
}

async fn explain(queue: &LocalQueue, id: TaskId) -> Result<Explanation, QueueError> {
    let (db, now) = (&queue.db, queue.now());
    let row = db.tasks(&[id], true).await?.pop().ok_or(QueueError::NoSuchTask(id))?;
    let (status, definition) = (row.status, stored::definition(id, &row.definition)?);
    let dependencies = dependencies::find(queue, &status, &definition).await?;
    let position = db.explain_position(id, LIMIT, now).await?.filter(|_| status.state == TaskState::Pending);
    let workers = db.explain_workers(&status.task_queue_id, now - ALIVE, LIMIT, LISTED, now).await?;
    let pool = db.provision_status(&status.task_queue_id.0, now).await?.and_then(|status| pool::of(status, now));
    let events = db.explain_events(id, LIMIT).await?;
    let notes = db.task_notes(id).await?;
    let dead_letters = db.task_dead_letters(id, LISTED).await?;
    let explanation = Explanation {
        task_id: id,
        name: definition.metadata.name.clone(),
        at: now,
        cause: Cause::WaitsInQueue,
        verdict: String::new(),
        advice: Vec::new(),
        dependencies,
        position: position.as_ref().map(position_of),
        workers: workers_of(&status.task_queue_id, workers),
        pool,
        deadline: Deadline {
            deadline: status.deadline,
            seconds_left: (status.deadline - now).num_seconds(),
            expires: status.expires,
        },
        claim: claim_of(&status, now),
        retries: Retries { runs: status.runs.len(), allowed: definition.retries, left: status.retries_left },
        scopes: scopes::of(&definition),
        events: events_of(events),
        notes: dead_letters.into_iter().map(dead_letter_note).chain(notes.into_iter().map(note_of)).collect(),
        status,
    };
    Ok(verdict::given(explanation))
}

fn position_of(row: &PositionRow) -> Position {
    let limit = i64::from(LIMIT);
    Position {
        since: row.inserted,
        ahead: row.higher + row.older,
        ahead_of_higher_priority: row.higher,
        pending: row.pending.max(row.higher + row.older + 1),
        or_more: row.higher >= limit || row.older >= limit || row.pending >= limit,
    }
}

fn workers_of(queue: &TaskQueueId, seen: WorkersSeen) -> Workers {
    let latest = seen.listed.into_iter().map(|row| Worker {
        worker_group: row.worker.worker_group,
        worker_id: row.worker.worker_id,
        last_seen: row.last_date_active,
        busy: row.busy,
        quarantine_until: row.quarantine_until,
        quarantine_info: row.quarantine_info.filter(|info| !info.is_empty()),
    });
    Workers {
        task_queue_id: queue.clone(),
        known: seen.known,
        alive: seen.alive,
        quarantined: seen.quarantined,
        ready: seen.ready,
        last_seen: seen.last_seen,
        latest: latest.collect(),
    }
}

fn claim_of(status: &TaskStatus, now: Timestamp) -> Option<Claim> {
    let run = status.runs.last().filter(|run| run.state == TaskState::Running)?;
    let taken_until = run.taken_until?;
    Some(Claim {
        run_id: run.run_id,
        worker_group: run.worker_group.clone()?,
        worker_id: run.worker_id.clone()?,
        taken_until,
        seconds_left: (taken_until - now).num_seconds(),
    })
}

fn events_of(found: Undelivered) -> Events {
    let event = |(kind, at): (protocol::event::EventKind, Timestamp)| Event { kind: kind.as_str().to_owned(), at };
    Events {
        undelivered: found.events.into_iter().map(event).collect(),
        backlog: found.backlog,
        or_more: found.backlog >= i64::from(LIMIT),
        oldest: found.oldest,
    }
}

/// An event of the task that could not be published.
fn dead_letter_note(letter: TaskDeadLetter) -> Note {
    let TaskDeadLetter { dead_letter_id, exchange, reason, dead_lettered } = letter;
    let what = if exchange.is_empty() { "an event".to_owned() } else { format!("a message for {exchange}") };
    let words =
        format!("{what} could not be sent: {reason}; see `drover bus dead-letters list`, number {dead_letter_id}");
    Note { source: "relay".to_owned(), kind: "dead-letter".to_owned(), words, at: dead_lettered }
}

fn note_of(note: TaskNote) -> Note {
    Note { source: note.source, kind: note.kind, words: note.message, at: note.at }
}
