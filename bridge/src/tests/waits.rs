//! Why a build waits, in the note of its task.

use chrono::TimeDelta;
use protocol::{id::TaskId, state::TaskState as S};
use serde_json::json;

use super::{
    supervised::{SOON, eventually, supervise},
    *,
};
use crate::{
    MasterSettings,
    driver::{Builder, Holds},
    reconciler::Shared,
};

async fn message(env: &TestEnv, task: TaskId) -> String {
    env.db.task_notes(task).await.unwrap().pop().map(|note| note.message).unwrap_or_default()
}

/// Changes the builder `linux`, and checks all requests.
async fn change(env: &TestEnv, fake: &FakeMaster, shared: &Shared, change: impl FnOnce(&mut Builder)) {
    change(&mut fake.state().builders[0]);
    assert!(shared.master.read_builders().await, "the builder changed");
    assert!(!shared.master.read_builders().await, "once");
    env.check_all(shared).await;
}

#[tokio::test]
async fn the_note_has_the_reason_and_changes_with_it() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let mut tasks = Vec::new();
    for _ in 0..5 {
        tasks.push(env.known_task().await);
    }
    env.run_until_idle(&shared).await;
    let task = tasks[4];
    assert!(message(&env, task).await.ends_with(" for a worker of the builder"));

    change(&env, &fake, &shared, |linux| linux.workers = Some(0)).await;
    for task in &tasks {
        let message = message(&env, *task).await;
        assert!(message.ends_with(": no worker of the builder is connected"), "{message}");
    }
    change(&env, &fake, &shared, |linux| (linux.workers, linux.holds) = (Some(2), Some(Holds::Lock))).await;
    assert!(message(&env, task).await.contains("holds a lock"));
    change(&env, &fake, &shared, |linux| linux.holds = Some(Holds::Busy)).await;
    assert!(message(&env, task).await.contains("busy or paused"));
    change(&env, &fake, &shared, |linux| linux.hanging = vec![7]).await;
    assert!(message(&env, task).await.contains("build 7 of the builder was cancelled before it began"));

    fake.set_fault(Fault::Unavailable);
    for _ in 0..4 {
        env.advance(&shared, TimeDelta::seconds(1)).await;
    }
    let reported = message(&env, task).await;
    assert!(reported.contains(", which does not answer; it cannot go on just now: "), "{reported}");
    env.stop().await;
}

#[tokio::test]
async fn a_removed_builder_is_reported_and_waited_for() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    change(&env, &fake, &shared, |linux| linux.active = false).await;
    let reported = message(&env, task).await;
    assert!(reported.contains("the master does not use the builder `linux` any more"), "{reported}");
    assert!(env.request(task).await.error.is_some());
    assert_eq!(env.runs(task).await, [(S::Pending, None)]);

    change(&env, &fake, &shared, |linux| linux.active = true).await;
    assert_eq!(env.request(task).await.error, None);
    env.stop().await;
}

#[tokio::test]
async fn the_builders_are_read_periodically() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let parts = supervise(&env, vec![TestEnv::parts(&fake, M, MasterSettings::default())]).await;
    let task = env.pending(json!({"builderName": "linux"})).await;
    eventually("the build is asked for", async || fake.created() == 1).await;
    fake.state().builders.remove(0);
    eventually("it is reported", async || {
        env.clock.advance(TimeDelta::seconds(1));
        message(&env, task).await.contains("does not use the builder `linux`")
    })
    .await;
    parts.stop(SOON).await;
    env.stop().await;
}
