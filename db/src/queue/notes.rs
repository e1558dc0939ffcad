//! Notes about tasks: `task_note_set`, `task_note_drop`, `task_notes`.
//!
//! What a service knows of a task beyond its state: the bridge where the task waits ("waits at master M, request 12,
//! build 3"), a reporter what it could not report. `drover explain task` and the explain endpoint show it. A note is for
//! people: nothing decides by it. Notes are deleted with their task, or by their source when they no longer hold.

use chrono::{DateTime, Utc};
use protocol::id::TaskId;
use sqlx::FromRow;

use crate::{Db, DbError};

/// Characters of the message of a note that are kept; longer ones are cut.
const LONGEST_MESSAGE: usize = 2000;

/// A note of one source about one task.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TaskNote {
    /// The service it is from: `buildbot`, `treeherder`. At most 64 characters. A task has one note per source.
    pub source: String,
    /// Which of the source's notes it is, for machines: `waits`, `cannot-be-expressed`. At most 64 characters.
    pub kind: String,
    /// The note itself, for people: a whole sentence that reads alone. No secrets.
    pub message: String,
    /// Since when it holds.
    pub at: DateTime<Utc>,
}

impl Db {
    /// `task_note_set`: sets or replaces the note of a source. Safe to repeat: the same note again
    /// changes nothing. False: there is no such task.
    pub async fn set_task_note(&self, id: TaskId, note: &TaskNote) -> Result<bool, DbError> {
        let message: String = note.message.chars().take(LONGEST_MESSAGE).collect();
        let call = sqlx::query_scalar("select task_note_set($1,$2,$3,$4,$5)").bind(id.0);
        let call = call.bind(&note.source).bind(&note.kind).bind(message).bind(note.at);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `task_note_drop`: deletes this source's note. False: there was none.
    pub async fn drop_task_note(&self, id: TaskId, source: &str) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select task_note_drop($1,$2)").bind(id.0).bind(source);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `task_notes`: all notes about a task, in order of their sources.
    pub async fn task_notes(&self, id: TaskId) -> Result<Vec<TaskNote>, DbError> {
        let call = sqlx::query_as("select * from task_notes($1)").bind(id.0);
        Ok(call.fetch_all(self.pool()).await?)
    }
}

#[cfg(test)]
mod tests;
