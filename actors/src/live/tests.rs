//! Followers of a real log, written by a relay.

use std::sync::Arc;

use base::{Rng, settings::ConfigDuration};
use bus::{Binding, MemoryBus};
use protocol::exchanges::ExchangeNames;
use tokio::time::timeout;

use super::{Follower, Guarded, Live, LiveError, MaySee, StreamEvent, page::Page};
use crate::{
    kit::{Supervisor, SupervisorHandle},
    relay::{
        RelaySettings,
        tests::env::{SOON, TestEnv},
    },
};

const LIFE: [&str; 4] = ["task-defined", "task-pending", "task-running", "task-completed"];

struct Watched {
    env: TestEnv,
    live: Live,
    reader: SupervisorHandle,
}

impl Watched {
    async fn start() -> Self {
        let env = TestEnv::start(Arc::new(MemoryBus::default())).await;
        let live = Live::new(env.db.clone(), &ExchangeNames::default(), &RelaySettings::default(), Rng::seeded(4));
        let reader = Supervisor::start(vec![live.child()], Rng::seeded(2)).await;
        Self { env, live, reader }
    }

    async fn follow(&self, after: Option<i64>) -> Follower {
        self.live.follow(&self.live.everything(), after, everybody()).await.unwrap()
    }

    async fn stop(self) {
        self.reader.stop(SOON).await;
        self.env.stop().await;
    }
}

/// May see everything.
fn everybody() -> MaySee {
    Arc::new(|_| true)
}

async fn receive(follower: &mut Follower, count: usize) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    while events.len() < count {
        events.extend(timeout(SOON, follower.next()).await.expect("no events").unwrap());
    }
    events
}

fn kinds(events: &[StreamEvent]) -> Vec<&str> {
    events.iter().map(|event| event.message.exchange.rsplit('/').next().unwrap_or_default()).collect()
}

#[tokio::test]
async fn a_follower_receives_events_from_then_on() {
    let watched = Watched::start().await;
    watched.env.completed().await;
    watched.env.emptied().await;
    let mut follower = watched.follow(None).await;
    let id = watched.env.completed().await.to_string();

    let events = receive(&mut follower, 4).await;
    assert_eq!(kinds(&events), LIFE);
    assert!(events.iter().all(|event| event.message.routing_key.contains(&id)), "only of the task that came later");
    assert_eq!(follower.position(), events[3].position);
    watched.stop().await;
}

#[tokio::test]
async fn a_follower_that_resumes_receives_the_rest_and_then_new_events() {
    let watched = Watched::start().await;
    let mut follower = watched.follow(None).await;
    watched.env.completed().await;
    let first = receive(&mut follower, 4).await;
    drop(follower);
    watched.env.completed().await;
    watched.env.emptied().await;

    let mut again = watched.follow(Some(first[1].position)).await;
    watched.env.completed().await;
    let events = receive(&mut again, 10).await;
    assert_eq!(events[..2], first[2..]);
    assert_eq!(kinds(&events[2..]), [LIFE, LIFE].concat());
    assert!(events.is_sorted_by(|one, other| one.position < other.position));
    watched.stop().await;
}

#[tokio::test]
async fn private_artifacts_are_visible_only_to_those_who_may_see_them() {
    let watched = Watched::start().await;
    let bindings = [watched.live.binding("artifact-created", "#").unwrap()];
    let start = watched.env.db.event_log().await.unwrap().last;
    let follow = async |may_see: MaySee| watched.live.follow(&bindings, Some(start), may_see).await.unwrap();
    let mut all = follow(everybody()).await;
    let mut some = follow(Arc::new(|it| matches!(it, Guarded::Artifact(key) if key.name == "private/mine"))).await;
    let mut none = follow(Arc::new(|_| false)).await;
    for name in ["private/mine", "private/other", "publicly", "public/end"] {
        watched.env.artifact(name).await;
    }
    let names = |events: &[StreamEvent]| -> Vec<String> {
        let body = |event: &StreamEvent| serde_json::from_slice::<serde_json::Value>(&event.message.body).unwrap();
        events.iter().map(|event| body(event)["artifact"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&receive(&mut all, 4).await), ["private/mine", "private/other", "publicly", "public/end"]);
    assert_eq!(names(&receive(&mut some, 2).await), ["private/mine", "public/end"]);
    assert_eq!(names(&receive(&mut none, 1).await), ["public/end"]);
    watched.stop().await;
}

#[tokio::test]
async fn bindings_are_those_of_a_broker() {
    let watched = Watched::start().await;
    let bind = |exchange, pattern| watched.live.binding(exchange, pattern).unwrap();
    let bindings =
        [bind("task-running", "route.index.#"), bind("task-completed", "primary.#"), bind("task-failed", "#")];
    let mut follower = watched.live.follow(&bindings, None, everybody()).await.unwrap();
    watched.env.completed().await;
    watched.env.completed().await;

    let events = receive(&mut follower, 4).await;
    assert_eq!(kinds(&events), ["task-running", "task-completed", "task-running", "task-completed"]);
    let error = watched.live.binding("task-competed", "#").unwrap_err();
    assert!(error.to_string().contains("exchange/taskcluster-queue/v1/task-completed"), "{error}");
    watched.stop().await;
}

#[tokio::test]
async fn a_slow_follower_and_one_whose_reader_ended_miss_nothing() {
    let watched = Watched::start().await;
    let mut slow = watched.follow(None).await;
    let tasks = super::BUFFERED_PAGES + 5;
    for _ in 0..tasks {
        watched.env.completed().await;
        watched.env.emptied().await;
        // More pages than wait for anybody.
        let after = watched.env.db.event_log().await.unwrap().last;
        let _ = watched.live.pages.send(Arc::new(Page::end(after)));
    }
    let events = receive(&mut slow, 4 * tasks).await;
    assert_eq!(kinds(&events), LIFE.repeat(tasks));

    let Watched { env, live, reader } = watched;
    reader.stop(SOON).await;
    env.completed().await;
    env.emptied().await;
    let reader = Supervisor::start(vec![live.child()], Rng::seeded(3)).await;
    assert_eq!(kinds(&receive(&mut slow, 4).await), LIFE, "published while there was no reader");
    reader.stop(SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn a_position_that_is_not_in_the_log_is_refused() {
    let watched = Watched::start().await;
    watched.env.completed().await;
    watched.env.emptied().await;
    let all: Vec<Binding> = watched.live.everything();
    let last = watched.env.db.event_log().await.unwrap().last;
    let refused = async |after| watched.live.follow(&all, Some(after), everybody()).await.err().unwrap();

    assert!(matches!(refused(last + 1).await, LiveError::Future { last: newest, .. } if newest == last));
    assert!(matches!(refused(-1).await, LiveError::Gone { first: 1, .. }));
    let nothing = RelaySettings { keep_events: ConfigDuration::days(0), ..RelaySettings::default() };
    let live = Live::new(watched.env.db.clone(), &ExchangeNames::default(), &nothing, Rng::seeded(4));
    assert!(matches!(live.follow(&all, None, everybody()).await.err().unwrap(), LiveError::NotKept));
    watched.stop().await;
}
