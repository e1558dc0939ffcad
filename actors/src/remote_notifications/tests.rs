//! Two processes, played by two queues on one database and one bus.

use std::{sync::Arc, time::Duration};

use base::{Rng, SystemClock, settings::ConfigDuration};
use bus::{Bus, MemoryBus, Received, Subscription};
use db::{Db, testing::TestDatabase};
use prost::Message as _;
use protocol::{
    id::{TaskQueueId, WorkerName},
    proto::Notification,
};
use tokio::time::{Instant, timeout};

use super::{EXCHANGE, RemoteNotifications};
use crate::{
    kit::{Notifications, Notifier, Supervisor, SupervisorHandle},
    queue::{Queue, QueueSettings, start, tests::new_task, types::ClaimWorkRequest},
};

const SOON: Duration = Duration::from_secs(10);

/// Polls so seldom that only a notification can be the reason when a claim gets a task.
async fn process(db: &Db, bus: &Arc<dyn Bus>, name: &str) -> (Queue, SupervisorHandle) {
    let rng = Rng::seeded(1).branch(name);
    let remote = RemoteNotifications::new(bus.clone(), rng.branch("notifications"));
    let (publisher, notifier) = remote.publisher();
    let settings = QueueSettings { sweep_interval: ConfigDuration::seconds(60), ..QueueSettings::default() };
    let (mut parts, queue) =
        start(db.clone(), Arc::new(SystemClock), &rng.branch("queue"), settings, notifier.notifications());
    parts.extend([
        publisher,
        remote.subscriber(Notifications { claims: queue.pending_notifier(), ..Notifications::none() }),
    ]);
    (queue, Supervisor::start(parts, rng).await)
}

#[tokio::test]
async fn a_worker_that_waits_at_another_process_is_woken() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let (local, local_parts) = process(&db, &bus, "here").await;
    let (remote, remote_parts) = process(&db, &bus, "there").await;

    let worker = WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() };
    let ask = ClaimWorkRequest { task_queue_id: TaskQueueId("p/q".to_owned()), worker, count: 1 };
    let waiting = tokio::time::sleep(Duration::from_millis(200));
    let created = async {
        waiting.await;
        let task = new_task(&Rng::seeded(7), &SystemClock, &[]);
        local.create_task(task).await.unwrap().task_id
    };
    let (claims, id) = tokio::join!(timeout(SOON, remote.claim_work(ask)), created);

    let claims = claims.expect("the claimer was not woken").unwrap();
    assert_eq!(claims[0].status.task_id, id);
    local_parts.stop(SOON).await;
    remote_parts.stop(SOON).await;
}

#[tokio::test]
async fn a_provisioner_of_another_process_is_notified_that_pools_changed() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let pools = Notifier::new(move || _ = sender.send(()));
    let there = RemoteNotifications::new(bus.clone(), Rng::seeded(1));
    let subscriber = there.subscriber(Notifications { pools, ..Notifications::none() });
    let (publisher, notifier) = RemoteNotifications::new(bus.clone(), Rng::seeded(2)).publisher();
    let actors = Supervisor::start(vec![subscriber, publisher], Rng::seeded(3)).await;

    // Whoever has just subscribed may have missed something.
    timeout(SOON, received.recv()).await.expect("it has subscribed").unwrap();
    notifier.notifications().pools.notify();

    timeout(SOON, received.recv()).await.expect("it was not notified").unwrap();
    actors.stop(SOON).await;
}

#[tokio::test]
async fn a_queue_is_named_once_in_ten_milliseconds_however_much_happens() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    bus.declare(bus::Exchange::fanout(EXCHANGE)).await.unwrap();
    let mut received = bus.subscribe(Subscription::ephemeral().bind(EXCHANGE, "")).await.unwrap();
    let (publisher, notifier) = RemoteNotifications::new(bus.clone(), Rng::seeded(1)).publisher();
    let actors = Supervisor::start(vec![publisher], Rng::seeded(2)).await;

    let (begun, queue) = (Instant::now(), TaskQueueId("p/q".to_owned()));
    let count = 3000;
    for _ in 0..count {
        notifier.tasks_pending(&queue, 1);
        tokio::task::yield_now().await;
    }
    let (mut messages, mut tasks) = (0, 0);
    while tasks < count {
        let Ok(Some(Received::Delivery(delivery))) = timeout(SOON, received.next()).await else { panic!("{tasks}") };
        let message = Notification::decode(&delivery.message.body[..]).unwrap();
        delivery.ack();
        messages += 1;
        tasks += message.pending.iter().map(|pending| pending.tasks).sum::<u32>();
    }

    assert_eq!(tasks, count);
    let most = 2 + begun.elapsed().as_millis() / 10;
    assert!(messages <= most, "{messages} messages in a time for {most}");
    actors.stop(SOON).await;
}
