//! Two relays under load: the one that sends is killed, and then the one that sends is frozen. The other takes over, and
//! every event is published, in order per task.

use std::time::{Duration, Instant};

use base::Rng;
use protocol::id::TaskId;
use serde_json::json;
use tests::{
    RoleEnv, Seed, TestDirectory, definition,
    servers::{Postgres, Rabbitmq},
    signal,
};
use tokio::time::timeout;

use crate::{TURN, check, events::EventRecorder, load::Load};

const ROLES: [&str; 3] = ["api,queue,scheduler,reflector,index", "relay", "relay"];
const RELAYS: [usize; 2] = [1, 2];
/// A running relay publishes an event well within this time.
const AT_ONCE: Duration = Duration::from_secs(3);
/// The lock of a dead process is released at once, and the other relay tries every second.
const AFTER_DEATH: Duration = Duration::from_secs(10);
/// A relay without progress keeps its lock for 20 s: the broker might be slow.
const AFTER_FREEZING: Duration = Duration::from_secs(40);

struct Relays {
    env: RoleEnv,
    events: EventRecorder,
    group: TaskId,
    rng: Rng,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_relay_takes_over_from_one_that_is_killed_or_frozen() {
    let _turn = TURN.lock().await;
    let rng = Seed::choose("relays").rng();
    let folder = TestDirectory::new();
    let group = TaskId::from_random(rng.uuid_bytes());
    let (Some(postgres), Some(rabbitmq)) = (Postgres::start(folder.path(), None), Rabbitmq::start(folder.path(), None))
    else {
        return println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
    };
    let events = EventRecorder::start(&rabbitmq.url(), group, &rng).await;
    let (database, broker) = (postgres.url(), rabbitmq.url());
    let settings = [("DROVER__DATABASE__URL", &*database), ("DROVER__BUS__AMQP_URL", &*broker)];
    let env = RoleEnv::start(folder.path(), &ROLES, &settings).await;
    let load = Load::start(&env.client(), group, &rng);
    let mut relays = Relays { env, events, group, rng };
    assert!(relays.publishes(AFTER_DEATH).await, "no event is published although the relays run");

    let sends = relays.one_that_sends().await;
    let begun = Instant::now();
    relays.env.kill(sends).await;
    assert!(relays.publishes(AFTER_DEATH).await, "nobody took over from the relay that was killed");
    println!("events again {:.1} s after the relay was killed", begun.elapsed().as_secs_f64());

    relays.env.ready().await;
    let sends = relays.one_that_sends().await;
    let begun = Instant::now();
    signal("STOP", &[relays.env.process_id(sends)]);
    assert!(relays.publishes(AFTER_FREEZING).await, "nobody took over from the relay that was frozen");
    println!("events again {:.1} s after the relay was frozen", begun.elapsed().as_secs_f64());
    // It continues with its batch, which the other one has published by now.
    signal("CONT", &[relays.env.process_id(sends)]);
    assert!(relays.publishes(AFTER_DEATH).await, "the relay that came back blocks the other one");

    let client = relays.env.client();
    let done = load.end().await;
    done.finish_everything(&client).await;
    let (summary, statuses, _) = done.check_everything(&client).await;
    println!("{summary}");
    check::histories(&statuses);
    relays.events.compare(&statuses).await;
    relays.env.stop().await;
}

impl Relays {
    /// Whether the event of a new task is published within a time. No worker claims the task.
    async fn publishes(&self, within: Duration) -> bool {
        let id = TaskId::from_random(self.rng.uuid_bytes());
        let task = definition("tests/relays", &json!({ "taskGroupId": self.group }));
        self.env.client().create(id, &task).await.unwrap().ok();
        timeout(within, self.events.wait_for(id)).await.is_ok()
    }

    /// The relay without which no event is published.
    async fn one_that_sends(&self) -> usize {
        for number in RELAYS {
            let id = [self.env.process_id(number)];
            signal("STOP", &id);
            let published = self.publishes(AT_ONCE).await;
            signal("CONT", &id);
            if !published {
                return number;
            }
        }
        panic!("either relay can be frozen and the other one sends at once");
    }
}
