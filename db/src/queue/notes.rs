//! Notes about tasks: `task_note_set`, `task_note_drop`, `task_notes`.
//!
//! A part that does something with a task which the task's state does not tell leaves one line about it here: the bridge
//! where the task waits ("waits at master M, request 12, build 3"), a reporter what it could not do ("cannot be expressed
//! because ..."). `drover explain task` and the explain endpoint show it. A note is for people: nothing decides by it, and
//! losing one harms nothing. Notes go when their task expires; a part takes its own back when they no longer hold.

use chrono::{DateTime, Utc};
use protocol::id::TaskId;
use sqlx::{FromRow, Row, postgres::PgRow};

use crate::{Db, DbError};

/// Characters of the words of a note that are kept; longer ones are cut.
const LONGEST_WORDS: usize = 2000;

/// What one part has to say about one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskNote {
    /// Which part says it, one boring word: `buildbot`, `treeherder`. At most 64 characters. A task has one note per source.
    pub source: String,
    /// Which of the things this source says, for machines: `waits`, `cannot-be-expressed`. At most 64 characters.
    pub kind: String,
    /// The note itself, for people: a whole sentence that reads alone. No secrets.
    pub words: String,
    /// Since when it holds.
    pub at: DateTime<Utc>,
}

impl Db {
    /// `task_note_set`: leaves a note, in place of the one this source left before. Safe to repeat: the same note again
    /// changes nothing. False: there is no such task.
    pub async fn set_task_note(&self, id: TaskId, note: &TaskNote) -> Result<bool, DbError> {
        let words: String = note.words.chars().take(LONGEST_WORDS).collect();
        let call = sqlx::query_scalar("select task_note_set($1,$2,$3,$4,$5)").bind(id.0);
        let call = call.bind(&note.source).bind(&note.kind).bind(words).bind(note.at);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `task_note_drop`: takes back this source's note. False: there was none.
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

impl FromRow<'_, PgRow> for TaskNote {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            source: row.try_get("source")?,
            kind: row.try_get("kind")?,
            words: row.try_get("words")?,
            at: row.try_get("at")?,
        })
    }
}

#[cfg(test)]
mod tests;
