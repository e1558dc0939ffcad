//! `drover bus dead-letters`: messages that a consumer could not work on, and events that the relay could not send.

use actors::parking::unparked;
use bus::{Bus, Message};
use clap::{Args, Subcommand};
use db::{Db, parked::ParkedMessage};
use serde_json::{Value, json};

use super::{DEADLINE, Tools, bus_failed, db_failed};
use crate::{
    confirm::confirm,
    exit::{CliError, Exit},
};

#[derive(Debug, Subcommand)]
pub(super) enum DeadLettersCommand {
    /// Which messages were put aside, and why.
    #[command(
        after_help = "Examples:\n  drover bus dead-letters list\n  drover bus dead-letters list --queue drover/index -o json"
    )]
    List(ListArgs),
    /// Send messages again, to their queues or, if the relay could not send them, to their exchanges; and forget that they
    /// were put aside.
    #[command(after_help = "Examples:\n  drover bus dead-letters retry 17 18")]
    Retry(Numbers),
    /// Forget messages for good.
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

pub(super) async fn run(command: DeadLettersCommand, tools: &Tools<'_>) -> Result<Exit, CliError> {
    let db = tools.db().await?;
    match command {
        DeadLettersCommand::List(args) => list(args.queue.as_deref(), &db, tools).await,
        DeadLettersCommand::Retry(Numbers { numbers }) => retry(&numbers, &db, tools).await,
        DeadLettersCommand::Drop(DropArgs { numbers: Numbers { numbers }, yes }) => {
            let known = known(&numbers, &db).await?;
            if !yes {
                confirm(&format!("{} messages are lost for good", known.len()))?;
            }
            let dropped = db.drop_parked(&numbers).await.map_err(db_failed)?;
            tools.output.either(&json!({"dropped": dropped}), &format!("{dropped} messages were dropped"));
            Ok(Exit::Ok)
        }
    }
}

async fn list(queue: Option<&str>, db: &Db, tools: &Tools<'_>) -> Result<Exit, CliError> {
    let mut after = 0;
    loop {
        let page = db.parked_messages(queue, None, after, PAGE).await.map_err(db_failed)?;
        for parked in &page {
            after = parked.parked_id;
            let ParkedMessage { parked_id, tries, reason, .. } = parked;
            let place = place(parked);
            tools.output.either(&object(parked), &format!("{parked_id:>6} {place} after {tries} tries: {reason}"));
        }
        if page.is_empty() {
            return Ok(Exit::Ok);
        }
    }
}

fn place(parked: &ParkedMessage) -> String {
    match (parked.queue.as_str(), parked.exchange.as_str()) {
        ("", "") => format!("event {}", parked.message_id),
        ("", exchange) => format!("event {} for {exchange}", parked.message_id),
        (queue, _) => queue.to_owned(),
    }
}

fn object(parked: &ParkedMessage) -> Value {
    json!({
        "number": parked.parked_id,
        "queue": parked.queue,
        "id": parked.message_id,
        "exchange": parked.exchange,
        "routingKey": parked.routing_key,
        "cc": parked.cc,
        "contentType": parked.content_type,
        "bodyBytes": parked.body.len(),
        "body": serde_json::from_slice::<Value>(&parked.body).unwrap_or(Value::Null),
        "reason": parked.reason,
        "tries": parked.tries,
        "parked": parked.parked,
    })
}

/// One by one: what was sent is forgotten before the next is tried, so an end half way sends nothing twice but one.
async fn retry(numbers: &[i64], db: &Db, tools: &Tools<'_>) -> Result<Exit, CliError> {
    let known = known(numbers, db).await?;
    if let Some(lost) = known.iter().find(|parked| parked.queue.is_empty() && parked.exchange.is_empty()) {
        let words =
            format!("of number {} no message can be made: {}; it can only be dropped", lost.parked_id, lost.reason);
        return Err(CliError::new(Exit::Refused, words));
    }
    let bus = tools.broker()?;
    let count = known.len();
    for parked in known {
        let (number, queue) = (parked.parked_id, parked.queue.clone());
        let message = [Message { replayed: !queue.is_empty(), ..unparked(parked) }];
        let sent = match queue.as_str() {
            "" => bus.publish(&message, DEADLINE).await,
            queue => bus.send_to(queue, &message, DEADLINE).await,
        };
        sent.map_err(bus_failed)?;
        db.drop_parked(&[number]).await.map_err(db_failed)?;
    }
    bus.close().await;
    tools.output.either(&json!({"sent": count}), &format!("{count} messages were sent again"));
    Ok(Exit::Ok)
}

/// All of them, or a word about which is not there.
async fn known(numbers: &[i64], db: &Db) -> Result<Vec<ParkedMessage>, CliError> {
    let limit = i32::try_from(numbers.len()).unwrap_or(i32::MAX);
    let known = db.parked_messages(None, Some(numbers), 0, limit).await.map_err(db_failed)?;
    let missing = numbers.iter().find(|number| known.iter().all(|parked| parked.parked_id != **number));
    match missing {
        Some(number) => Err(CliError::new(Exit::Refused, format!("no dead letter has the number {number}"))),
        None => Ok(known),
    }
}
