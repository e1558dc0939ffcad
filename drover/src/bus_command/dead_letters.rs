//! `drover bus dead-letters`: messages that a consumer could not process, and events that the relay could not publish.

use actors::kit::from_dead_letter;
use bus::{Bus, Message};
use clap::{Args, Subcommand};
use db::{Db, dead_letters::DeadLetter};
use serde_json::{Value, json};

use super::{BusContext, DEADLINE, bus_failed, db_failed};
use crate::{
    confirm::confirm,
    exit::{CliError, Exit},
};

#[derive(Debug, Subcommand)]
pub(super) enum DeadLettersCommand {
    /// List dead letters, and why each could not be delivered.
    #[command(
        after_help = "Examples:\n  drover bus dead-letters list\n  drover bus dead-letters list --queue drover/index -o json"
    )]
    List(ListArgs),
    /// Send messages again, to their queues or, if the relay could not publish them, to their exchanges, and remove them
    /// from the list.
    #[command(after_help = "Examples:\n  drover bus dead-letters retry 17 18")]
    Retry(Numbers),
    /// Delete messages for good.
    #[command(after_help = "Examples:\n  drover bus dead-letters drop 17\n  drover bus dead-letters drop 17 --yes")]
    Drop(DropArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those of this queue.
    #[arg(long, value_name = "QUEUE")]
    queue: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Numbers {
    /// Their numbers, as `list` shows them.
    #[arg(value_name = "NUMBER", required = true)]
    numbers: Vec<i64>,
}

#[derive(Debug, Args)]
pub(super) struct DropArgs {
    #[command(flatten)]
    numbers: Numbers,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

const PAGE: i32 = 200;

pub(super) async fn run(command: DeadLettersCommand, context: &BusContext<'_>) -> Result<Exit, CliError> {
    let db = context.db().await?;
    match command {
        DeadLettersCommand::List(args) => list(args.queue.as_deref(), &db, context).await,
        DeadLettersCommand::Retry(Numbers { numbers }) => retry(&numbers, &db, context).await,
        DeadLettersCommand::Drop(DropArgs { numbers: Numbers { numbers }, yes }) => {
            let known = known(&numbers, &db).await?;
            if !yes {
                confirm(&format!("{} messages are deleted for good", known.len()))?;
            }
            let dropped = db.delete_dead_letters(&numbers).await.map_err(db_failed)?;
            context.output.either(&json!({"dropped": dropped}), &format!("{dropped} messages were dropped"));
            Ok(Exit::Ok)
        }
    }
}

async fn list(queue: Option<&str>, db: &Db, context: &BusContext<'_>) -> Result<Exit, CliError> {
    let (mut after, mut rows) = (0, Vec::new());
    loop {
        let page = db.dead_letters(queue, None, after, PAGE).await.map_err(db_failed)?;
        let Some(last) = page.last() else { break };
        after = last.dead_letter_id;
        if context.output.is_json() {
            for dead_letter in &page {
                context.output.json(&object(dead_letter));
            }
        } else {
            rows.extend(page.iter().map(row));
        }
    }
    context.output.table(["NUMBER", "QUEUE OR EVENT", "TRIES", "REASON"], rows);
    Ok(Exit::Ok)
}

fn row(letter: &DeadLetter) -> [String; 4] {
    let tries = format!("after {} tries:", letter.tries);
    [format!("{:>6}", letter.dead_letter_id), place(letter), tries, letter.reason.clone()]
}

fn place(letter: &DeadLetter) -> String {
    match (letter.queue.as_str(), letter.exchange.as_str()) {
        ("", "") => format!("event {}", letter.message_id),
        ("", exchange) => format!("event {} for {exchange}", letter.message_id),
        (queue, _) => queue.to_owned(),
    }
}

fn object(letter: &DeadLetter) -> Value {
    json!({
        "number": letter.dead_letter_id,
        "queue": letter.queue,
        "id": letter.message_id,
        "exchange": letter.exchange,
        "routingKey": letter.routing_key,
        "cc": letter.cc,
        "contentType": letter.content_type,
        "bodyBytes": letter.body.len(),
        "body": serde_json::from_slice::<Value>(&letter.body).unwrap_or(Value::Null),
        "reason": letter.reason,
        "tries": letter.tries,
        "deadLettered": letter.dead_lettered,
    })
}

/// One by one: each is deleted before the next is sent, so that an interruption repeats at most one.
async fn retry(numbers: &[i64], db: &Db, context: &BusContext<'_>) -> Result<Exit, CliError> {
    let known = known(numbers, db).await?;
    if let Some(lost) = known.iter().find(|letter| letter.queue.is_empty() && letter.exchange.is_empty()) {
        let message = format!(
            "no message can be built from number {}: {}; it can only be dropped",
            lost.dead_letter_id, lost.reason
        );
        return Err(CliError::new(Exit::Refused, message));
    }
    let bus = context.broker()?;
    let count = known.len();
    for letter in known {
        let (number, queue) = (letter.dead_letter_id, letter.queue.clone());
        let message = [Message { replayed: !queue.is_empty(), ..from_dead_letter(letter) }];
        let sent = match queue.as_str() {
            "" => bus.publish(&message, DEADLINE).await,
            queue => bus.send_to(queue, &message, DEADLINE).await,
        };
        sent.map_err(bus_failed)?;
        db.delete_dead_letters(&[number]).await.map_err(db_failed)?;
    }
    bus.close().await;
    context.output.either(&json!({"sent": count}), &format!("{count} messages were sent again"));
    Ok(Exit::Ok)
}

/// All of them, or an error that names the missing one.
async fn known(numbers: &[i64], db: &Db) -> Result<Vec<DeadLetter>, CliError> {
    let limit = i32::try_from(numbers.len()).unwrap_or(i32::MAX);
    let known = db.dead_letters(None, Some(numbers), 0, limit).await.map_err(db_failed)?;
    let missing = numbers.iter().find(|number| known.iter().all(|letter| letter.dead_letter_id != **number));
    match missing {
        Some(number) => Err(CliError::new(Exit::Refused, format!("no dead letter has the number {number}"))),
        None => Ok(known),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::output::columns;

    #[test]
    fn the_list_names_queue_or_event_tries_and_reason() {
        let letter = |number, queue: &str, exchange: &str, tries, reason: &str| DeadLetter {
            dead_letter_id: number,
            queue: queue.to_owned(),
            message_id: "4711".to_owned(),
            exchange: exchange.to_owned(),
            routing_key: "primary.a".to_owned(),
            cc: Vec::new(),
            content_type: "application/json".to_owned(),
            body: b"{}".to_vec(),
            reason: reason.to_owned(),
            tries,
            dead_lettered: protocol::time::parse("2026-01-01T12:00:00Z").unwrap(),
        };
        let letters = [
            letter(17, "drover/index/task-completed", "exchange/a", 5, "it cannot be read"),
            letter(118, "", "exchange/a", 1, "it was refused"),
            letter(119, "", "", 1, "it is too long"),
        ];
        // A header, since `expect!` takes away the blanks that all lines begin with.
        let header = Some(["NUMBER", "QUEUE OR EVENT", "TRIES", "REASON"]);
        expect![[r#"
            NUMBER  QUEUE OR EVENT               TRIES           REASON
                17  drover/index/task-completed  after 5 tries:  it cannot be read
               118  event 4711 for exchange/a    after 1 tries:  it was refused
               119  event 4711                   after 1 tries:  it is too long"#]]
        .assert_eq(&columns(header, letters.iter().map(row)));
    }
}
