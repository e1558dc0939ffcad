//! Dead letters: `add_dead_letter`, `dead_letters`, `delete_dead_letters`; those that the relay cannot send:
//! `add_unsendable_messages`, `add_unsendable_events`, `task_dead_letters`; and `outbox_lag`.

use chrono::{DateTime, Utc};
use protocol::id::TaskId;

use crate::{Db, DbError};

/// A message that the consumer of a queue could not process, or, without a queue, that the relay could not send.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeadLetter {
    pub dead_letter_id: i64,
    pub queue: String,
    /// Empty: it had none.
    pub message_id: String,
    pub exchange: String,
    pub routing_key: String,
    pub cc: Vec<String>,
    pub content_type: String,
    pub body: Vec<u8>,
    pub reason: String,
    pub tries: i32,
    pub dead_lettered: DateTime<Utc>,
}

/// A message that the relay could not send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentMessage {
    pub message_id: String,
    pub task_id: Option<TaskId>,
    pub exchange: String,
    pub routing_key: String,
    pub cc: Vec<String>,
    pub content_type: &'static str,
    pub body: Vec<u8>,
    pub reason: String,
}

/// An event of a task that could not be sent. Without an exchange no message could be made at all.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TaskDeadLetter {
    pub dead_letter_id: i64,
    pub exchange: String,
    pub reason: String,
    pub dead_lettered: DateTime<Utc>,
}

/// How far behind the relay is with one shard of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OutboxLag {
    pub shard: i16,
    pub waiting: i64,
    pub oldest_id: Option<i64>,
    pub oldest: Option<DateTime<Utc>>,
    /// The server's process that serves the relay which sends; `None`: no relay runs.
    pub held_by: Option<i32>,
}

impl Db {
    /// `add_dead_letter`: its id, the same for the same message. `dead_letter_id` of the argument is ignored.
    pub async fn add_dead_letter(&self, message: &DeadLetter) -> Result<i64, DbError> {
        let call = sqlx::query_scalar("select add_dead_letter($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)");
        let call = call.bind(&message.queue).bind(&message.message_id).bind(&message.exchange);
        let call = call.bind(&message.routing_key).bind(&message.cc).bind(&message.content_type);
        let call = call.bind(&message.body).bind(&message.reason).bind(message.tries).bind(message.dead_lettered);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `add_unsendable_messages`.
    pub async fn add_unsendable_messages(&self, messages: &[UnsentMessage], now: DateTime<Utc>) -> Result<(), DbError> {
        let text = |of: fn(&UnsentMessage) -> &str| messages.iter().map(of).collect::<Vec<&str>>();
        let ccs = messages.iter().map(|message| serde_json::Value::from(message.cc.clone()).to_string());
        let tasks = messages.iter().map(|message| message.task_id.map(|id| id.0));
        let bodies = messages.iter().map(|message| &message.body[..]);
        let call = sqlx::query("select add_unsendable_messages($1,$2,$3,$4,$5,$6,$7,$8,$9)");
        let call = call.bind(text(|message| &message.message_id)).bind(tasks.collect::<Vec<_>>());
        let call = call.bind(text(|message| &message.exchange)).bind(text(|message| &message.routing_key));
        let call = call.bind(ccs.collect::<Vec<String>>()).bind(text(|message| message.content_type));
        let call = call.bind(bodies.collect::<Vec<&[u8]>>()).bind(text(|message| &message.reason)).bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `add_unsendable_events`: events of which no message can be made, by their ids, each with the reason.
    pub async fn add_unsendable_events(&self, events: &[(i64, String)], now: DateTime<Utc>) -> Result<(), DbError> {
        let (ids, reasons): (Vec<i64>, Vec<&str>) = events.iter().map(|(id, reason)| (*id, reason.as_str())).unzip();
        let call = sqlx::query("select add_unsendable_events($1,$2,$3)").bind(ids).bind(reasons).bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `task_dead_letters`.
    pub async fn task_dead_letters(&self, id: TaskId, limit: i32) -> Result<Vec<TaskDeadLetter>, DbError> {
        let read = sqlx::query_as("select * from task_dead_letters($1,$2)").bind(id.0).bind(limit);
        Ok(read.fetch_all(self.pool()).await?)
    }

    /// `dead_letters`: of one queue or of all, those with these ids or all; the oldest first, after an id.
    pub async fn dead_letters(
        &self,
        queue: Option<&str>,
        ids: Option<&[i64]>,
        after: i64,
        limit: i32,
    ) -> Result<Vec<DeadLetter>, DbError> {
        let read = sqlx::query_as("select * from dead_letters($1,$2,$3,$4)");
        Ok(read.bind(queue).bind(ids).bind(after).bind(limit).fetch_all(self.pool()).await?)
    }

    /// `delete_dead_letters`: how many of these there were.
    pub async fn delete_dead_letters(&self, ids: &[i64]) -> Result<i64, DbError> {
        Ok(sqlx::query_scalar("select delete_dead_letters($1)").bind(ids).fetch_one(self.pool()).await?)
    }

    /// `outbox_lag`: one entry per shard.
    pub async fn outbox_lag(&self) -> Result<Vec<OutboxLag>, DbError> {
        Ok(sqlx::query_as("select * from outbox_lag()").fetch_all(self.pool()).await?)
    }
}
