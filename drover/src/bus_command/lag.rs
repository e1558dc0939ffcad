//! `drover bus lag`: how far the relay and the consumers are behind.

use bus::Bus;
use clap::Args;
use serde::Serialize;

use super::{BusContext, DEADLINE, bus_failed, db_failed};
use crate::{
    exit::{CliError, Exit},
    output::columns,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  drover bus lag\n  drover bus lag --queue queue/me/mine -o json")]
pub(super) struct LagArgs {
    /// A queue to include besides those of Drover's own consumers; may be given several times.
    #[arg(long, value_name = "QUEUE")]
    queue: Vec<String>,
}

/// Queues of Drover's own consumers; one that was never declared is left out.
const OWN_QUEUES: [&str; 1] = [actors::index::QUEUE];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lag {
    shards: Vec<Shard>,
    queues: Vec<QueueLag>,
    /// At most a thousand are counted.
    dead_letters: usize,
    log: Log,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shard {
    number: i16,
    waiting: i64,
    oldest_id: Option<i64>,
    oldest_age_ms: Option<i64>,
    relay: bool,
}

#[derive(Serialize)]
struct QueueLag {
    queue: String,
    messages: u32,
    consumers: u32,
}

/// Positions of the oldest and newest event that can be replayed.
#[derive(Serialize)]
struct Log {
    first: i64,
    last: i64,
}

pub(super) async fn run(args: LagArgs, context: &BusContext<'_>) -> Result<Exit, CliError> {
    let db = context.db().await?;
    let now = context.system.clock.now();
    let shards = db.outbox_lag().await.map_err(db_failed)?.into_iter().map(|lag| Shard {
        number: lag.shard,
        waiting: lag.waiting,
        oldest_id: lag.oldest_id,
        oldest_age_ms: lag.oldest.map(|oldest| (now - oldest).num_milliseconds().max(0)),
        relay: lag.held_by.is_some(),
    });
    let shards = shards.collect();
    let dead_letters = db.dead_letters(None, None, 0, 1000).await.map_err(db_failed)?.len();
    let ends = db.event_log().await.map_err(db_failed)?;
    let queues = queues(&args.queue, context).await?;
    let lag = Lag { shards, queues, dead_letters, log: Log { first: ends.first, last: ends.last } };
    context.output.either(&lag, &lag.describe());
    Ok(Exit::Ok)
}

/// Queues that are named must exist.
async fn queues(named: &[String], context: &BusContext<'_>) -> Result<Vec<QueueLag>, CliError> {
    if !context.has_broker() && named.is_empty() {
        return Ok(Vec::new());
    }
    let bus = context.broker()?;
    let mut queues = Vec::new();
    for queue in OWN_QUEUES.into_iter().chain(named.iter().map(String::as_str)) {
        match bus.depth(queue, DEADLINE).await {
            Ok(depth) => {
                queues.push(QueueLag { queue: queue.to_owned(), messages: depth.messages, consumers: depth.consumers });
            }
            Err(bus::BusError::Refused(_)) if OWN_QUEUES.contains(&queue) => {}
            Err(error) => return Err(bus_failed(error)),
        }
    }
    bus.close().await;
    Ok(queues)
}

impl Lag {
    fn describe(&self) -> String {
        let shards = self.shards.iter().map(|shard| {
            let age = shard.oldest_age_ms.map(|age| format!(", the oldest for {age} ms")).unwrap_or_default();
            let relay = if shard.relay { "relay connected" } else { "no relay connected" };
            [format!("outbox {}:", shard.number), format!("{} events{age}", shard.waiting), relay.to_owned()]
        });
        let queues = self.queues.iter().map(|queue| {
            let consumers = format!("{} consumers", queue.consumers);
            [format!("queue {}:", queue.queue), format!("{} messages", queue.messages), consumers]
        });
        let kept = (self.log.last - self.log.first + 1).max(0);
        let dead_letters = ["dead letters:".to_owned(), format!("{} messages", self.dead_letters), String::new()];
        let log = ["log:".to_owned(), format!("{kept} events"), "can be replayed".to_owned()];
        columns(None, shards.chain(queues).chain([dead_letters, log]))
    }
}
