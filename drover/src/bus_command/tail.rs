//! `drover bus tail`: shows events as they are published.

use bus::{Bus, Consumer, ContentType, Message, Received, Subscription};
use clap::Args;
use protocol::event::Event;
use serde_json::{Value, json};

use super::{BusContext, bus_failed};
use crate::{
    exit::{CliError, Exit},
    global::signals,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  drover bus tail\n  drover bus tail task-completed --pattern 'route.index.#'")]
pub(super) struct TailArgs {
    /// Exchanges to bind to [default: all external ones].
    #[arg(value_name = "EXCHANGE")]
    exchange: Vec<String>,
    /// Routing keys to bind with, also matched against CC; may be given several times.
    #[arg(long, value_name = "PATTERN", default_value = "#")]
    pattern: Vec<String>,
    /// End after so many messages.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

pub(super) async fn run(args: TailArgs, context: &BusContext<'_>) -> Result<Exit, CliError> {
    let bus = context.broker()?;
    let mut consumer = bus.subscribe(subscription(&args, context)).await.map_err(bus_failed)?;
    let shutdown = signals()?;
    let ended = tokio::select! {
        ended = show(&mut consumer, args.count, context) => ended,
        () = shutdown.wait() => Exit::Ok,
    };
    bus.close().await;
    Ok(ended)
}

fn subscription(args: &TailArgs, context: &BusContext<'_>) -> Subscription {
    let named: Vec<&str> = args.exchange.iter().map(|name| context.exchanges.full_name(name)).collect();
    let exchanges = if named.is_empty() { context.exchanges.external().collect() } else { named };
    let pairs = exchanges.iter().flat_map(|exchange| args.pattern.iter().map(move |pattern| (exchange, pattern)));
    pairs.fold(Subscription::ephemeral(), |bound, (exchange, pattern)| bound.bind(exchange, pattern))
}

async fn show(consumer: &mut Consumer, count: Option<u64>, context: &BusContext<'_>) -> Exit {
    let mut shown = 0;
    while count.is_none_or(|count| shown < count) {
        match consumer.next().await {
            Some(Received::Delivery(delivery)) => {
                let message = delivery.message.clone();
                delivery.ack();
                context.output.either(&object(&message), &line(&message));
                shown += 1;
            }
            Some(Received::Gap) => eprintln!("the connection was lost; messages may be missing here"),
            None => return Exit::Unreachable,
        }
    }
    Exit::Ok
}

fn object(message: &Message) -> Value {
    let body = match message.content_type {
        ContentType::Json => serde_json::from_slice(&message.body).unwrap_or(Value::Null),
        // In the form that external consumers receive.
        ContentType::Protobuf => external_form(message).unwrap_or(Value::Null),
    };
    json!({
        "exchange": *message.exchange,
        "routingKey": message.routing_key,
        "cc": message.cc,
        "id": message.id,
        "body": body,
    })
}

fn external_form(message: &Message) -> Option<Value> {
    let event = Event::from_proto(&message.body).ok()?;
    serde_json::from_slice(&event.message().ok()?.body).ok()
}

/// `task-completed  fN1SbArXTPSVFNUvaOlinQ  completed  primary.fN1S...`
fn line(message: &Message) -> String {
    let object = object(message);
    let (short, body) = (message.exchange.rsplit('/').next().unwrap_or_default(), &object["body"]);
    let about = ["/status/taskId", "/taskGroupId", "/clientId", "/roleId"];
    let about = about.iter().find_map(|place| body.pointer(place)?.as_str()).unwrap_or("-");
    let state = body.pointer("/status/state").and_then(Value::as_str).unwrap_or("-");
    let cc = if message.cc.is_empty() { String::new() } else { format!(" {}", message.cc.join(" ")) };
    format!("{short:<22} {about:<22} {state:<11} {}{cc}", message.routing_key)
}
