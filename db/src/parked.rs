//! Messages that were put aside: `park_message`, `parked_messages`, `drop_parked`; and `outbox_lag`.

use chrono::{DateTime, Utc};

use crate::{Db, DbError};

/// A message that the consumer of a queue could not work on.
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
