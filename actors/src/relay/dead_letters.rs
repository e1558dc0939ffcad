//! Dead letters of the relay: what cannot be published, in the database with the reason, where `drover bus dead-letters`
//! and `explainTask` show it.

use std::{collections::HashMap, sync::LazyLock};

use base::telemetry::{Counter, Label};
use bus::Message;
use db::{Db, DbError, dead_letters::UnsentMessage};
use protocol::{
    event::{Event, EventPayload},
    id::TaskId,
    time::Timestamp,
};

static DEAD_LETTERED: LazyLock<Counter> = LazyLock::new(|| {
    let about = "Events and messages that could not be published and became dead letters";
    Counter::new("relay", "drover.relay.dead_lettered", "{message}", about)
});

/// Events that cannot become messages, each with the reason. They must still be in the outbox.
pub(super) async fn events(db: &Db, events: &[(i64, String)], now: Timestamp) -> Result<(), DbError> {
    if events.is_empty() {
        return Ok(());
    }
    db.add_unsendable_events(events, now).await?;
    DEAD_LETTERED.add(events.len(), &[Label::new("what", "event")]);
    for (id, reason) in events {
        tracing::error!(event.id = id, reason, "event cannot become a message, dead-lettered");
    }
    Ok(())
}

/// Messages that the bus refused, each with the reason, of some of these events.
pub(super) async fn messages(
    db: &Db,
    refused: &[(&Message, String)],
    of: &[Event],
    now: Timestamp,
) -> Result<(), DbError> {
    if refused.is_empty() {
        return Ok(());
    }
    let tasks: HashMap<String, TaskId> =
        of.iter().filter_map(|event| Some((event.id.to_string(), task_of(event)?))).collect();
    let rows: Vec<UnsentMessage> =
        refused.iter().map(|(message, reason)| row(message, reason, tasks.get(&message.id).copied())).collect();
    db.add_unsendable_messages(&rows, now).await?;
    DEAD_LETTERED.add(rows.len(), &[Label::new("what", "message")]);
    for UnsentMessage { exchange, message_id, reason, .. } in rows {
        tracing::error!(event.id = message_id, exchange, reason, "message refused, dead-lettered");
    }
    Ok(())
}

fn row(message: &Message, reason: &str, task_id: Option<TaskId>) -> UnsentMessage {
    UnsentMessage {
        message_id: message.id.clone(),
        task_id,
        exchange: message.exchange.to_string(),
        routing_key: message.routing_key.clone(),
        cc: message.cc.clone(),
        content_type: message.content_type.as_str(),
        body: message.body.to_vec(),
        reason: reason.to_owned(),
    }
}

fn task_of(event: &Event) -> Option<TaskId> {
    match &event.payload {
        EventPayload::Task(task) => Some(task.status.task_id),
        _ => None,
    }
}
