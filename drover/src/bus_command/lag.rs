//! `drover bus lag`.

use bus::Bus;
use clap::Args;
use serde::Serialize;

use super::{DEADLINE, Tools, bus_failed, db_failed};
use crate::exit::{CliError, Exit};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  drover bus lag\n  drover bus lag --queue queue/me/mine -o json")]
pub(super) struct LagArgs {
    /// A queue to look at besides those of Drover's own consumers; may be given several times.
    #[arg(long, value_name = "QUEUE")]
    queue: Vec<String>,
}

/// Queues of Drover's own consumers; one that was never declared is passed over.
const OWN_QUEUES: [&str; 1] = [actors::index::QUEUE];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lag {
    shards: Vec<Shard>,
    queues: Vec<Waiting>,
    /// Dead letters, at most a thousand.
    parked: usize,
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
struct Waiting {
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

pub(super) async fn run(args: LagArgs, tools: &Tools<'_>) -> Result<Exit, CliError> {
    let db = tools.db().await?;
    let now = tools.system.clock.now();
    let shards = db.outbox_lag().await.map_err(db_failed)?.into_iter().map(|lag| Shard {
        number: lag.shard,
        waiting: lag.waiting,
        oldest_id: lag.oldest_id,
        oldest_age_ms: lag.oldest.map(|oldest| (now - oldest).num_milliseconds().max(0)),
        relay: lag.held_by.is_some(),
    });
    let shards = shards.collect();
    let parked = db.parked_messages(None, None, 0, 1000).await.map_err(db_failed)?.len();
    let ends = db.event_log().await.map_err(db_failed)?;
    let queues = queues(&args.queue, tools).await?;
    let lag = Lag { shards, queues, parked, log: Log { first: ends.first, last: ends.last } };
    tools.output.either(&lag, &lag.words());
    Ok(Exit::Ok)
}

/// Queues that were asked for must be there.
async fn queues(asked: &[String], tools: &Tools<'_>) -> Result<Vec<Waiting>, CliError> {
    if !tools.has_broker() && asked.is_empty() {
        return Ok(Vec::new());
    }
    let bus = tools.broker()?;
    let mut queues = Vec::new();
    for queue in OWN_QUEUES.into_iter().chain(asked.iter().map(String::as_str)) {
        match bus.depth(queue, DEADLINE).await {
            Ok(depth) => {
                queues.push(Waiting { queue: queue.to_owned(), messages: depth.messages, consumers: depth.consumers });
            }
            Err(bus::BusError::Refused(_)) if OWN_QUEUES.contains(&queue) => {}
            Err(error) => return Err(bus_failed(error)),
        }
    }
    bus.close().await;
    Ok(queues)
}

impl Lag {
    fn words(&self) -> String {
        let shards = self.shards.iter().map(|shard| {
            let age = shard.oldest_age_ms.map(|age| format!(", the oldest for {age} ms")).unwrap_or_default();
            let relay = if shard.relay { "a relay sends" } else { "no relay sends" };
            format!("outbox {}: {} events wait{age}; {relay}", shard.number, shard.waiting)
        });
        let queues = self.queues.iter().map(|queue| {
            format!("queue {}: {} messages wait for {} consumers", queue.queue, queue.messages, queue.consumers)
        });
        let kept = (self.log.last - self.log.first + 1).max(0);
        let rest = [format!("dead letters: {} messages", self.parked), format!("log: {kept} events can be replayed")];
        shards.chain(queues).chain(rest).collect::<Vec<_>>().join("\n")
    }
}
