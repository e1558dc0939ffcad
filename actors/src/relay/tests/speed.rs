//! How fast the relay is, printed.

use std::{sync::Arc, time::Instant};

use base::Rng;
use bus::{Bus, MemoryBus, Subscription};

use super::env::{TestEnv, external, next_event};
use crate::queue::types::NewGraph;

#[tokio::test]
#[ignore = "prints how fast the relay is; run it alone"]
async fn how_fast() {
    let bus: Arc<dyn Bus> = match base::environment::variable("DROVER_TEST_AMQP_URL") {
        Some(url) => Arc::new(bus::AmqpBus::new(&url, "how fast", &Rng::system()).unwrap()),
        None => Arc::new(MemoryBus::default()),
    };
    let mut env = TestEnv::without_relay(bus.clone()).await;
    let mut ours = bus.subscribe(Subscription::ephemeral().bind("drover/v1/task-event", "#")).await.unwrap();
    let _external = bus.subscribe(Subscription::ephemeral().bind(&external("task-defined"), "#")).await.unwrap();

    backlog(&env).await;
    let began = Instant::now();
    let (relay, notifier) = env.another_relay(bus).await;
    for _ in 0..2 * BACKLOG {
        next_event(&mut ours).await;
    }
    println!("{} events in {:?}", 2 * BACKLOG, began.elapsed());

    *env.notifier.lock().unwrap() = Some(notifier);
    env.relay = Some(relay);
    let mut times = Vec::new();
    for _ in 0..100 {
        env.created().await;
        let answered = Instant::now();
        next_event(&mut ours).await;
        times.push(answered.elapsed());
        next_event(&mut ours).await;
    }
    times.sort();
    println!("from createTask answered to event delivered: p50 {:?}, p99 {:?}", times[50], times[98]);
    env.stop().await;
}

/// Tasks whose two events each wait for a relay.
const BACKLOG: usize = 10_000;

async fn backlog(env: &TestEnv) {
    for part in 0..10 {
        let first = env.task(None);
        let group = first.task_id;
        let rest = (1..BACKLOG / 10).map(|_| env.task(Some(group)));
        let tasks = std::iter::once(first.clone()).chain(rest).collect();
        env.queue.create_graph(NewGraph { submit_key: part.to_string(), tasks }).await.unwrap();
    }
}
