//! What a broker that accepts and does not answer does to those who publish and consume.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use base::Rng;
use bus::{AmqpBus, Bus, BusError, Subscription};

use crate::{
    interruption::next_number,
    proxy::Proxy,
    scenarios::{SOON, messages, name, topic},
};

const BRIEFLY: Duration = Duration::from_secs(7);

pub(crate) async fn a_broker_that_does_not_answer_is_named_within_seconds_and_loses_nothing(url: &str) {
    let proxy = Proxy::to(url).await;
    let bus = AmqpBus::new(proxy.url(), "silence", &Rng::system()).unwrap();
    let (exchange, queue) = (topic(&bus).await, name("queue"));
    let mut durable = bus.subscribe(Subscription::durable(&queue).bind(&exchange, "#")).await.unwrap();
    bus.publish(&messages(&exchange, 0..10), SOON).await.unwrap();

    proxy.silence();
    let (begun, batch) = (Instant::now(), messages(&exchange, 10..20));
    let (published, asked) = tokio::join!(bus.publish(&batch, BRIEFLY), bus.depth(&queue, BRIEFLY));
    assert!(begun.elapsed() < 2 * BRIEFLY, "it took {:?}", begun.elapsed());
    let broker = proxy.url().split('@').nth(1).unwrap().split('/').next().unwrap();
    for (result, operations) in
        [(published, ["basic.publish", "channel.open"]), (asked.map(drop), ["channel.open", "basic.publish"])]
    {
        let Err(error @ BusError::Unanswered { .. }) = result else { panic!("{result:?}") };
        let words = error.to_string();
        assert!(words.contains(broker) && operations.iter().any(|operation| words.contains(operation)), "{words}");
        assert!(error.is_retryable());
    }

    proxy.open();
    bus.publish(&batch, SOON).await.unwrap();
    let mut received = BTreeSet::new();
    while received.len() < 20 {
        received.extend(next_number(&mut durable).await);
    }
    bus.close().await;
}
