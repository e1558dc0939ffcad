//! `drover bus replay`: past events again, for one consumer.

use bus::{Binding, Bus, Filter, Message, SplitBus};
use clap::{Args, ValueEnum};
use db::{Db, outbox::LoggedEvent};
use protocol::id::TaskGroupId;
use serde_json::json;

use super::{BusContext, DEADLINE, bus_failed, db_failed};
use crate::exit::{CliError, Exit};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover bus replay --task-group $TASK_GROUP_ID --to queue/me/mine --exchange task-completed
  drover bus replay --since 123456 --to queue/me/mine --dry-run")]
pub(super) struct ReplayArgs {
    /// The events of this task group.
    #[arg(long, value_name = "TASK_GROUP_ID")]
    task_group: Option<TaskGroupId>,
    /// This event and all that were published after it, by the id in the header x-drover-id. A few from just before it
    /// may be included.
    #[arg(long, value_name = "EVENT_ID", required_unless_present = "task_group")]
    since: Option<i64>,
    /// The queue that receives them; no other does.
    #[arg(long, value_name = "QUEUE")]
    to: String,
    /// Only messages of this exchange; may be given several times [default: all].
    #[arg(long, value_name = "EXCHANGE")]
    exchange: Vec<String>,
    /// Only messages whose routing key or CC matches; may be given several times.
    #[arg(long, value_name = "PATTERN", default_value = "#")]
    pattern: Vec<String>,
    /// As external consumers receive events, or as Drover's own services do.
    #[arg(long, value_enum, default_value = "json")]
    form: Form,
    /// Only print how many messages it would be.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Json,
    Protobuf,
}

/// Events per database call.
const PAGE: i32 = 500;

pub(super) async fn run(args: ReplayArgs, context: &BusContext<'_>) -> Result<Exit, CliError> {
    let db = context.db().await?;
    let bus = context.broker()?;
    let filter = filter(&args, context);
    let depth = bus.depth(&args.to, DEADLINE).await.map_err(bus_failed)?;
    if depth.consumers == 0 {
        eprintln!("{} has no consumer now; the messages will wait there", args.to);
    }
    let sent = send(&args, &filter, &db, &bus, context).await?;
    bus.close().await;
    let verb = if args.dry_run { "would be sent" } else { "were sent" };
    context
        .output
        .either(&json!({"messages": sent, "queue": args.to}), &format!("{sent} messages {verb} to {}", args.to));
    Ok(Exit::Ok)
}

fn filter(args: &ReplayArgs, context: &BusContext<'_>) -> Filter {
    let mut exchanges: Vec<&str> = args.exchange.iter().map(|name| context.exchanges.full_name(name)).collect();
    if args.form == Form::Protobuf {
        exchanges = vec![context.exchanges.internal()];
    } else if exchanges.is_empty() {
        exchanges = context.exchanges.external().collect();
    }
    let pairs = exchanges.iter().flat_map(|exchange| args.pattern.iter().map(move |pattern| (*exchange, pattern)));
    let bindings: Vec<Binding> =
        pairs.map(|(exchange, pattern)| Binding { exchange: exchange.to_owned(), pattern: pattern.clone() }).collect();
    Filter::new(&bindings)
}

async fn send(
    args: &ReplayArgs,
    filter: &Filter,
    db: &Db,
    bus: &SplitBus,
    context: &BusContext<'_>,
) -> Result<usize, CliError> {
    let end = db.event_log().await.map_err(db_failed)?;
    let mut position = end.first - 1;
    if let Some(since) = args.since {
        position = position.max(db.position_before(since).await.map_err(db_failed)?);
    }
    let mut sent = 0;
    // Events that are published meanwhile reach the queue by its bindings.
    while position < end.last {
        let page = db.events_after(position, args.task_group, PAGE).await.map_err(db_failed)?;
        position = page.position;
        let messages = messages(&page.events, filter, context);
        if !args.dry_run && !messages.is_empty() {
            bus.send_to(&args.to, &messages, DEADLINE).await.map_err(bus_failed)?;
        }
        sent += messages.len();
    }
    Ok(sent)
}

fn messages(events: &[LoggedEvent], filter: &Filter, context: &BusContext<'_>) -> Vec<Message> {
    let forms = events.iter().flat_map(|logged| context.exchanges.messages_of(&logged.event));
    forms.filter(|message| filter.accepts(message)).collect()
}
