//! Why a build waits, as people are told.

use chrono::TimeDelta;
use protocol::{id::TaskId, state::TaskState as S};
use serde_json::json;

use super::{
    parts::{SOON, supervise, until},
    *,
};
use crate::{
    MasterSettings,
    driver::{Builder, Holds},
    reflector::Shared,
};

async fn words(env: &TestEnv, task: TaskId) -> String {
    env.db.task_notes(task).await.unwrap().pop().map(|note| note.words).unwrap_or_default()
}

/// Changes the builder `linux`, and lets the bridge look.
async fn change(env: &TestEnv, fake: &Fake, shared: &Shared, change: impl FnOnce(&mut Builder)) {
    change(&mut fake.state().builders[0]);
    assert!(shared.master.read_builders().await, "there is something to tell");
    assert!(!shared.master.read_builders().await, "once");
    env.look(shared).await;
}

#[tokio::test]
async fn the_true_reason_is_told_and_told_anew_when_it_changes() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let mut tasks = Vec::new();
    for _ in 0..5 {
        tasks.push(env.wanted().await);
    }
    env.pass(&shared).await;
    let task = tasks[4];
    assert!(words(&env, task).await.ends_with(" for a worker of the builder"));

    change(&env, &fake, &shared, |linux| linux.workers = Some(0)).await;
    for task in &tasks {
        let words = words(&env, *task).await;
        assert!(words.ends_with(": no worker of the builder is connected"), "{words}");
    }
    change(&env, &fake, &shared, |linux| (linux.workers, linux.holds) = (Some(2), Some(Holds::Lock))).await;
    assert!(words(&env, task).await.contains("holds a lock"));
    change(&env, &fake, &shared, |linux| linux.holds = Some(Holds::Busy)).await;
    assert!(words(&env, task).await.contains("busy or paused"));
    change(&env, &fake, &shared, |linux| linux.hanging = vec![7]).await;
    assert!(words(&env, task).await.contains("build 7 of the builder was cancelled before it began"));

    fake.fault(Fault::Away);
    for _ in 0..4 {
        env.after(&shared, TimeDelta::seconds(1)).await;
    }
    let told = words(&env, task).await;
    assert!(told.contains(", which does not answer; it cannot go on just now: "), "{told}");
    env.stop().await;
}

#[tokio::test]
async fn a_builder_that_is_gone_is_told_and_waited_for_until_it_is_back() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    change(&env, &fake, &shared, |linux| linux.active = false).await;
    let told = words(&env, task).await;
    assert!(told.contains("the master does not use the builder `linux` any more"), "{told}");
    assert!(env.request(task).await.error.is_some());
    assert_eq!(env.runs(task).await, [(S::Pending, None)]);

    change(&env, &fake, &shared, |linux| linux.active = true).await;
    assert_eq!(env.request(task).await.error, None);
    env.stop().await;
}

#[tokio::test]
async fn nobody_has_to_ask_for_the_builders() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let parts = supervise(&env, vec![TestEnv::parts(&fake, M, MasterSettings::default())]).await;
    let task = env.pending(json!({"builderName": "linux"})).await;
    until("the build is asked for", async || fake.forces() == 1).await;
    fake.state().builders.remove(0);
    until("it is told", async || {
        env.clock.advance(TimeDelta::seconds(1));
        words(&env, task).await.contains("does not use the builder `linux`")
    })
    .await;
    parts.stop(SOON).await;
    env.stop().await;
}
