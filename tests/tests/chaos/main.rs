//! Processes of every role, a broker and a database of their own, a load of tasks that depend on each other, and one
//! fault after another. At the end everything that was acknowledged is stored, and its events were published.
//!
//! `DROVER_CHAOS_MINUTES` makes it longer, `DROVER_TEST_SEED` repeats a run.

#![allow(clippy::unwrap_used, reason = "tests")]

mod check;
mod events;
mod faults;
mod load;
mod relays;

use std::time::{Duration, Instant};

use base::Rng;
use protocol::id::TaskId;
use tests::{
    RoleEnv, Seed, TestDirectory,
    servers::{Postgres, Proxy, Rabbitmq},
};

use crate::{events::EventRecorder, faults::Fault, load::Load};

/// Faults go on for this long unless the environment says otherwise; each kind comes at most once a round.
const TIME: Duration = Duration::from_secs(40);
/// After the last fault.
const RECOVER_WITHIN: Duration = Duration::from_secs(30);
/// A run whose worker is gone comes back soon.
const CLAIM_TIMEOUT: &str = "6";

const ROLES: [&str; 11] =
    ["api", "queue", "queue", "relay", "relay", "scheduler", "reflector", "reflector", "index", "hooks", "notify"];

/// These tests start many processes, so they run one at a time.
pub(crate) static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Everything that faults are injected into.
pub(crate) struct Everything {
    env: RoleEnv,
    postgres: Postgres,
    rabbitmq: Rabbitmq,
    to_postgres: Proxy,
    to_rabbitmq: Proxy,
    events: EventRecorder,
}

impl Everything {
    /// `None`, with a message: there are no programs of RabbitMQ or PostgreSQL here.
    async fn start(folder: &TestDirectory, group: TaskId, rng: &Rng) -> Option<Self> {
        let (Some(postgres), Some(rabbitmq)) =
            (Postgres::start(folder.path(), None), Rabbitmq::start(folder.path(), None))
        else {
            println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
            return None;
        };
        let (to_postgres, to_rabbitmq) = (Proxy::to(postgres.port()).await, Proxy::to(rabbitmq.port()).await);
        let events = EventRecorder::start(&rabbitmq.url(), group, rng).await;
        let settings = [
            ("DROVER__DATABASE__URL", postgres.url_through(to_postgres.port())),
            ("DROVER__BUS__AMQP_URL", rabbitmq.url_through(to_rabbitmq.port())),
            ("DROVER__QUEUE__CLAIM_TIMEOUT", CLAIM_TIMEOUT.to_owned()),
            ("DROVER__QUEUE__LONG_POLL", "5".to_owned()),
        ];
        let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
        let env = RoleEnv::start(folder.path(), &ROLES, &settings).await;
        Some(Self { env, postgres, rabbitmq, to_postgres, to_rabbitmq, events })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_lose_nothing_and_double_nothing() {
    let _turn = TURN.lock().await;
    let rng = Seed::choose("chaos").rng();
    let folder = TestDirectory::new();
    let group = TaskId::from_random(rng.uuid_bytes());
    let Some(mut everything) = Everything::start(&folder, group, &rng).await else { return };
    let load = Load::start(&everything.env.client(), group, &rng);

    let (begun, time) = (Instant::now(), time());
    let mut injected = Vec::new();
    while begun.elapsed() < time {
        for fault in Fault::shuffled(&rng) {
            tokio::time::sleep(Duration::from_millis(rng.range(100..1500))).await;
            println!("{:>6.1} s  {fault:?}", begun.elapsed().as_secs_f64());
            fault.inject(&mut everything, &rng).await;
            injected.push(fault);
            if begun.elapsed() >= time {
                break;
            }
        }
    }
    let over = Instant::now();
    check::recovery(&mut everything, &rng, RECOVER_WITHIN).await;
    println!("recovered {:.1} s after the last of {} faults", over.elapsed().as_secs_f64(), injected.len());

    let client = everything.env.client();
    let done = load.end().await;
    done.finish_everything(&client).await;
    let (summary, statuses, dependencies) = done.check_everything(&client).await;
    println!("{summary}");
    check::histories(&statuses);
    everything.events.compare(&statuses).await;
    everything.events.check_dependencies(&dependencies);
    everything.env.stop().await;
}

fn time() -> Duration {
    let minutes = base::environment::variable("DROVER_CHAOS_MINUTES");
    minutes.map_or(TIME, |minutes| Duration::from_mins(minutes.parse().expect("DROVER_CHAOS_MINUTES is a number")))
}
