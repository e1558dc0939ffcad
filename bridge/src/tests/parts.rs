//! The parts as they run: tasks told by the relay over a bus, builds told by the master's events.

use std::{sync::Arc, time::Duration};

use actors::{
    kit::{Supervised, Supervisor},
    relay::{self, RelaySettings},
};
use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use protocol::{
    exchanges::ExchangeNames,
    id::TaskId,
    state::{ReasonResolved as R, TaskState as S},
};
use serde_json::json;

use super::*;
use crate::{MasterParts, MasterSettings, driver::BuildResult};

pub(super) const SOON: Duration = Duration::from_secs(30);

/// Looks at something until it is so.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(SOON, waiting).await.is_ok(), "{what}");
}

async fn start(env: &TestEnv, masters: &[(&str, &Fake)]) -> Supervised {
    let parts = masters.iter().map(|(name, fake)| TestEnv::parts(fake, name, MasterSettings::default())).collect();
    supervise(env, parts).await
}

/// All parts of these masters, with a relay that tells them of tasks.
pub(super) async fn supervise(env: &TestEnv, masters: Vec<MasterParts>) -> Supervised {
    let parts = env.bridge().parts(masters).unwrap();
    let (names, settings) = (ExchangeNames::default(), RelaySettings::default());
    let (clock, rng) = (Arc::new(env.clock.clone()), env.rng.branch("relay"));
    let (relay, _) = relay::start(env.db.clone(), env.bus.clone(), clock, &names, settings, rng);
    let all = parts.listeners.into_iter().chain([relay]).chain(parts.others).collect();
    Supervisor::start(all, env.rng.branch("parts")).await
}

pub(super) async fn ended(env: &TestEnv, task: TaskId) -> bool {
    env.status(task).await.state.is_resolved()
}

#[tokio::test]
async fn a_task_becomes_a_build_and_ends_with_it_without_anybody_asking() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let parts = start(&env, &[(M, &fake)]).await;
    let task = env.pending(json!({"builderName": "linux"})).await;
    until("the build is asked for", async || fake.forces() == 1).await;
    let build = fake.start(fake.only_request());
    until("the run is claimed", async || env.status(task).await.state == S::Running).await;
    fake.finish(build, BuildResult::Success);
    until("the task ends", async || ended(&env, task).await).await;
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);

    let other = env.pending(json!({"builderName": "linux"})).await;
    until("the next build is asked for", async || fake.forces() == 2).await;
    env.queue.cancel_task(other).await.unwrap();
    until("it is cancelled at the master", async || fake.cancels().len() == 1).await;
    parts.stop(SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn hundreds_of_wishes_wait_for_each_other_and_leave_the_master_room_for_its_builds() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let created = stream::iter(0..300).map(|_| env.pending(json!({"builderName": "linux"}))).buffer_unordered(64);
    let tasks: Vec<TaskId> = created.collect().await;
    let parts = start(&env, &[(M, &fake)]).await;
    until("all builds are asked for", async || {
        // Wishes that found no room are looked at again a little later.
        env.clock.advance(TimeDelta::milliseconds(100));
        fake.forces() == tasks.len()
    })
    .await;
    assert!(fake.state().most_creating <= 2, "{} at once", fake.state().most_creating);
    parts.stop(SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn what_was_pending_before_the_bridge_and_events_that_never_came_are_found() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    fake.state().silent = true;
    let task = env.pending(json!({"builderName": "linux"})).await;
    let parts = start(&env, &[(M, &fake)]).await;
    until("the build is asked for", async || fake.forces() == 1).await;
    fake.finish(fake.start(fake.only_request()), BuildResult::Failure);
    env.clock.advance(TimeDelta::minutes(8));
    until("the task ends", async || ended(&env, task).await).await;
    assert_eq!(env.runs(task).await, [(S::Failed, Some(R::Failed))]);
    parts.stop(SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn two_processes_share_a_master_and_the_other_takes_over() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let (one, two) = (start(&env, &[(M, &fake)]).await, start(&env, &[(M, &fake)]).await);
    let task = env.pending(json!({"builderName": "linux"})).await;
    until("the build is asked for", async || fake.forces() == 1).await;
    one.stop(SOON).await;
    env.clock.advance(TimeDelta::seconds(31));
    fake.finish(fake.start(fake.only_request()), BuildResult::Success);
    until("the task ends", async || ended(&env, task).await).await;
    assert_eq!(fake.forces(), 1);
    two.stop(SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn a_master_that_hangs_is_told_of_and_the_other_goes_on() {
    let env = TestEnv::start().await;
    let (bad, good) = (Fake::new(env.clock.clone()), Fake::new(env.clock.clone()));
    bad.fault(Fault::Hang);
    let parts = start(&env, &[("bad", &bad), ("good", &good)]).await;
    env.pending_at("bad", json!({"builderName": "linux"})).await;
    let task = env.pending_at("good", json!({"builderName": "linux"})).await;
    until("the good one has its build", async || good.forces() == 1).await;
    good.finish(good.start(good.only_request()), BuildResult::Success);
    until("its task ends", async || ended(&env, task).await).await;
    until("the bad one is told of", async || {
        let masters = env.db.bridge_masters().await.unwrap();
        masters.iter().any(|it| it.master == "bad" && it.state == db::bridge::MasterState::Down && it.error.is_some())
    })
    .await;
    bad.fault(Fault::None);
    env.clock.advance(TimeDelta::minutes(2));
    until("the bad one has its build too", async || bad.forces() == 1).await;
    parts.stop(SOON).await;
    env.stop().await;
}
