//! What a broken connection does to those who publish and consume.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use base::Entropy;
use bus::{AmqpBus, Bus, Consumer, Received, Subscription};
use lapin::uri::AMQPUri;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::scenarios::{messages, topic};

const SOON: Duration = Duration::from_mins(1);

/// A way to the broker that can be cut.
struct Wire {
    url: String,
    open: Arc<watch::Sender<bool>>,
    _tasks: JoinSet<()>,
}

impl Wire {
    async fn to(url: &str) -> Self {
        let mut uri: AMQPUri = url.parse().unwrap();
        let broker = format!("{}:{}", uri.authority.host, uri.authority.port);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let SocketAddr::V4(address) = listener.local_addr().unwrap() else { unreachable!() };
        uri.authority.host = address.ip().to_string();
        uri.authority.port = address.port();
        let open = Arc::new(watch::Sender::new(true));
        let mut tasks = JoinSet::new();
        tasks.spawn(forward(listener, broker, open.clone()));
        Self { url: uri.to_string(), open, _tasks: tasks }
    }

    fn cut(&self) {
        self.open.send_replace(false);
    }

    fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn forward(listener: TcpListener, broker: String, open: Arc<watch::Sender<bool>>) {
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let (mut open, broker) = (open.subscribe(), broker.clone());
        connections.spawn(async move {
            if !*open.borrow() {
                return;
            }
            let Ok(mut server) = TcpStream::connect(broker).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                _ = open.wait_for(|open| !open) => {}
            }
        });
    }
}

/// The next number, acknowledged. `None`: a gap.
async fn next(consumer: &mut Consumer) -> Option<u32> {
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
    let wire = Wire::to(url).await;
    let bus = AmqpBus::new(&wire.url, "interruption", &Entropy::system()).unwrap();
    let exchange = topic(&bus).await;
    let mut durable =
        bus.subscribe(Subscription::durable(&format!("{exchange}/queue")).bind(&exchange, "#")).await.unwrap();
    let mut ephemeral = bus.subscribe(Subscription::ephemeral().bind(&exchange, "#")).await.unwrap();
    bus.publish(&messages(&exchange, 0..50), SOON).await.unwrap();
    assert_eq!(next(&mut ephemeral).await, Some(0));

    for round in 1..=3 {
        wire.cut();
        let batch = messages(&exchange, round * 50..(round + 1) * 50);
        let publishing = bus.publish(&batch, SOON);
        let mending = async {
            // The first try to reconnect finds the way still cut.
            tokio::time::sleep(Duration::from_millis(150)).await;
            wire.mend();
        };
        let (published, ()) = tokio::join!(publishing, mending);
        published.unwrap();
    }

    let mut heard = BTreeSet::new();
    while heard.len() < 200 {
        heard.extend(next(&mut durable).await);
    }
    while next(&mut ephemeral).await.is_some() {}
    bus.close().await;
    assert!(durable.next().await.is_none() || durable.next().await.is_none(), "a closed bus ends its consumers");
}
