//! Dead letters, messages that were put aside: `park_message`, `parked_messages`, `drop_parked`; those that the relay cannot send:
//! `dead_letter_messages`, `dead_letter_outbox`, `task_dead_letters`; and `outbox_lag`.

use chrono::{DateTime, Utc};
use protocol::id::TaskId;

use crate::{Db, DbError};

/// A message that the consumer of a queue could not work on, or, without a queue, that the relay could not send.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ParkedMessage {
    pub parked_id: i64,
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
    pub parked: DateTime<Utc>,
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

/// What could not be told of a task. Without an exchange no message could be made at all.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TaskDeadLetter {
    pub parked_id: i64,
    pub exchange: String,
    pub reason: String,
    pub parked: DateTime<Utc>,
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
    /// `park_message`: its number, the same for the same message. `parked_id` of the argument counts for nothing.
    pub async fn park_message(&self, message: &ParkedMessage) -> Result<i64, DbError> {
        let park = sqlx::query_scalar("select park_message($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)");
        let park = park.bind(&message.queue).bind(&message.message_id).bind(&message.exchange);
        let park = park.bind(&message.routing_key).bind(&message.cc).bind(&message.content_type);
        let park = park.bind(&message.body).bind(&message.reason).bind(message.tries).bind(message.parked);
        Ok(park.fetch_one(self.pool()).await?)
    }

    /// `dead_letter_messages`.
    pub async fn dead_letter_messages(&self, messages: &[UnsentMessage], now: DateTime<Utc>) -> Result<(), DbError> {
        let text = |of: fn(&UnsentMessage) -> &str| messages.iter().map(of).collect::<Vec<&str>>();
        let ccs = messages.iter().map(|message| serde_json::Value::from(message.cc.clone()).to_string());
        let tasks = messages.iter().map(|message| message.task_id.map(|id| id.0));
        let bodies = messages.iter().map(|message| &message.body[..]);
        let call = sqlx::query("select dead_letter_messages($1,$2,$3,$4,$5,$6,$7,$8,$9)");
        let call = call.bind(text(|message| &message.message_id)).bind(tasks.collect::<Vec<_>>());
        let call = call.bind(text(|message| &message.exchange)).bind(text(|message| &message.routing_key));
        let call = call.bind(ccs.collect::<Vec<String>>()).bind(text(|message| message.content_type));
        let call = call.bind(bodies.collect::<Vec<&[u8]>>()).bind(text(|message| &message.reason)).bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `dead_letter_outbox`: events of which no message can be made, by their ids, each with the reason.
    pub async fn dead_letter_outbox(&self, events: &[(i64, String)], now: DateTime<Utc>) -> Result<(), DbError> {
        let (ids, reasons): (Vec<i64>, Vec<&str>) = events.iter().map(|(id, reason)| (*id, reason.as_str())).unzip();
        let call = sqlx::query("select dead_letter_outbox($1,$2,$3)").bind(ids).bind(reasons).bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `task_dead_letters`.
    pub async fn task_dead_letters(&self, id: TaskId, limit: i32) -> Result<Vec<TaskDeadLetter>, DbError> {
        let read = sqlx::query_as("select * from task_dead_letters($1,$2)").bind(id.0).bind(limit);
        Ok(read.fetch_all(self.pool()).await?)
    }

    /// `parked_messages`: of one queue or of all, those with these numbers or all; the oldest first, after a number.
    pub async fn parked_messages(
        &self,
        queue: Option<&str>,
        numbers: Option<&[i64]>,
        after: i64,
        limit: i32,
    ) -> Result<Vec<ParkedMessage>, DbError> {
        let read = sqlx::query_as("select * from parked_messages($1,$2,$3,$4)");
        Ok(read.bind(queue).bind(numbers).bind(after).bind(limit).fetch_all(self.pool()).await?)
    }

    /// `drop_parked`: how many of these there were.
    pub async fn drop_parked(&self, numbers: &[i64]) -> Result<i64, DbError> {
        Ok(sqlx::query_scalar("select drop_parked($1)").bind(numbers).fetch_one(self.pool()).await?)
    }

    /// `outbox_lag`: one entry per shard.
    pub async fn outbox_lag(&self) -> Result<Vec<OutboxLag>, DbError> {
        Ok(sqlx::query_as("select * from outbox_lag()").fetch_all(self.pool()).await?)
    }
}
