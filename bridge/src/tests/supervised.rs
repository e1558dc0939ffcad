//! The supervised actors: tasks from the relay over a bus, builds from the master's events.

use std::{sync::Arc, time::Duration};

use actors::{
    kit::{Supervisor, SupervisorHandle},
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

/// Polls a condition.
pub(super) async fn eventually<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(SOON, waiting).await.is_ok(), "{what}");
}

async fn start(env: &TestEnv, masters: &[(&str, &FakeMaster)]) -> SupervisorHandle {
    let parts = masters.iter().map(|(name, fake)| TestEnv::parts(fake, name, MasterSettings::default())).collect();
    supervise(env, parts).await
}

/// All actors of these masters, with a relay.
pub(super) async fn supervise(env: &TestEnv, masters: Vec<MasterParts>) -> SupervisorHandle {
    let parts = env.bridge().children(masters).unwrap();
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
async fn a_task_becomes_a_build_and_ends_with_it() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let parts = start(&env, &[(M, &fake)]).await;
    let task = env.pending(json!({"builderName": "linux"})).await;
    eventually("the build is asked for", async || fake.created() == 1).await;
    let build = fake.start(fake.only_request());
    eventually("the run is claimed", async || env.status(task).await.state == S::Running).await;
    fake.finish(build, BuildResult::Success);
    eventually("the task ends", async || ended(&env, task).await).await;
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);

    let other = env.pending(json!({"builderName": "linux"})).await;
    eventually("the next build is asked for", async || fake.created() == 2).await;
    env.queue.cancel_task(other).await.unwrap();
    eventually("it is cancelled at the master", async || fake.cancels().len() == 1).await;
    parts.stop(SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn hundreds_of_creates_leave_calls_for_running_builds() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let created = stream::iter(0..300).map(|_| env.pending(json!({"builderName": "linux"}))).buffer_unordered(64);
    let tasks: Vec<TaskId> = created.collect().await;
    let parts = start(&env, &[(M, &fake)]).await;
    eventually("all builds are asked for", async || {
        // Postponed creates are due a little later.
        env.clock.advance(TimeDelta::milliseconds(100));
        fake.created() == tasks.len()
    })
    .await;
    assert!(fake.state().max_creating <= 2, "{} at once", fake.state().max_creating);
    parts.stop(SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn tasks_and_builds_without_events_are_found() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    fake.state().silent = true;
    let task = env.pending(json!({"builderName": "linux"})).await;
    let parts = start(&env, &[(M, &fake)]).await;
    eventually("the build is asked for", async || fake.created() == 1).await;
    fake.finish(fake.start(fake.only_request()), BuildResult::Failure);
    env.clock.advance(TimeDelta::minutes(8));
    eventually("the task ends", async || ended(&env, task).await).await;
    assert_eq!(env.runs(task).await, [(S::Failed, Some(R::Failed))]);
    parts.stop(SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn two_processes_share_a_master_and_the_other_takes_over() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let (one, two) = (start(&env, &[(M, &fake)]).await, start(&env, &[(M, &fake)]).await);
    let task = env.pending(json!({"builderName": "linux"})).await;
    eventually("the build is asked for", async || fake.created() == 1).await;
    one.stop(SOON).await;
    env.clock.advance(TimeDelta::seconds(31));
    fake.finish(fake.start(fake.only_request()), BuildResult::Success);
    eventually("the task ends", async || ended(&env, task).await).await;
    assert_eq!(fake.created(), 1);
    two.stop(SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn a_hanging_master_is_reported_and_does_not_delay_the_other() {
    let env = TestEnv::start().await;
    let (bad, good) = (FakeMaster::new(env.clock.clone()), FakeMaster::new(env.clock.clone()));
    bad.set_fault(Fault::Hang);
    let parts = start(&env, &[("bad", &bad), ("good", &good)]).await;
    env.pending_at("bad", json!({"builderName": "linux"})).await;
    let task = env.pending_at("good", json!({"builderName": "linux"})).await;
    eventually("the good one has its build", async || good.created() == 1).await;
    good.finish(good.start(good.only_request()), BuildResult::Success);
    eventually("its task ends", async || ended(&env, task).await).await;
    eventually("the bad one is reported", async || {
        let masters = env.db.bridge_masters().await.unwrap();
        masters.iter().any(|it| it.master == "bad" && it.state == db::bridge::MasterState::Down && it.error.is_some())
    })
    .await;
    bad.set_fault(Fault::None);
    env.clock.advance(TimeDelta::minutes(2));
    eventually("the bad one has its build too", async || bad.created() == 1).await;
    parts.stop(SOON).await;
    env.stop().await;
}
