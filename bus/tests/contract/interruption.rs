//! What a broken connection does to those who publish and consume.

use std::{collections::BTreeSet, time::Duration};

use base::Rng;
use bus::{AmqpBus, Bus, Consumer, Received, Subscription};

use crate::{
    proxy::Proxy,
    scenarios::{messages, name, topic},
};

const SOON: Duration = Duration::from_mins(1);

/// The next number, acknowledged. `None`: a gap.
pub(crate) async fn next_number(consumer: &mut Consumer) -> Option<u32> {
    match tokio::time::timeout(SOON, consumer.next()).await.expect("a word in time").expect("the bus is open") {
        Received::Gap => None,
        Received::Delivery(delivery) => {
            let number = std::str::from_utf8(&delivery.message.body).unwrap().parse().unwrap();
            delivery.ack();
            Some(number)
        }
    }
}

pub(crate) async fn a_cut_connection_loses_nothing_that_is_durable(url: &str) {
    let proxy = Proxy::to(url).await;
    let bus = AmqpBus::new(proxy.url(), "interruption", &Rng::system()).unwrap();
    let exchange = topic(&bus).await;
    let mut durable = bus.subscribe(Subscription::durable(&name("queue")).bind(&exchange, "#")).await.unwrap();
    let mut ephemeral = bus.subscribe(Subscription::ephemeral().bind(&exchange, "#")).await.unwrap();
    bus.publish(&messages(&exchange, 0..50), SOON).await.unwrap();
    assert_eq!(next_number(&mut ephemeral).await, Some(0));

    for round in 1..=3 {
        proxy.cut();
        let batch = messages(&exchange, round * 50..(round + 1) * 50);
        let publishing = bus.publish(&batch, SOON);
        let mending = async {
            // The first try to reconnect finds the way still cut.
            tokio::time::sleep(Duration::from_millis(150)).await;
            proxy.open();
        };
        let (published, ()) = tokio::join!(publishing, mending);
        published.unwrap();
    }

    let mut received = BTreeSet::new();
    while received.len() < 200 {
        received.extend(next_number(&mut durable).await);
    }
    while next_number(&mut ephemeral).await.is_some() {}
    bus.close().await;
    assert!(durable.next().await.is_none() || durable.next().await.is_none(), "a closed bus ends its consumers");
}
