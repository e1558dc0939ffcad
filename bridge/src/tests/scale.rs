//! A thousand open builds at once.

use std::time::Instant;

use base::Clock;
use chrono::TimeDelta;
use db::bridge::{BridgeState, PendingCreate};
use futures_util::{StreamExt, stream};
use protocol::id::TaskId;
use serde_json::json;

use super::*;
use crate::driver::BuildResult;

pub(super) const BUILDS: usize = 1000;

pub(super) async fn tasks(env: &TestEnv) -> Vec<TaskId> {
    let created = stream::iter(0..BUILDS).map(|_| env.pending(json!({"builderName": "linux"}))).buffer_unordered(64);
    let tasks: Vec<TaskId> = created.collect().await;
    let now = env.clock.now();
    let (deadline, expires) = (now + TimeDelta::hours(12), now + TimeDelta::days(2));
    let pending = |task: &TaskId| PendingCreate { task_id: *task, run_id: 0, deadline, expires };
    let pending_runs: Vec<PendingCreate> = tasks.iter().map(pending).collect();
    assert_eq!(env.db.bridge_add_pending(M, &pending_runs, now).await.unwrap(), 1000);
    tasks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_open_builds_are_checked_within_ten_seconds() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    tasks(&env).await;
    let began = Instant::now();
    env.run_until_idle(&shared).await;
    let created = began.elapsed();
    assert_eq!(fake.created(), BUILDS);
    let requests: Vec<i64> = fake.state().requests.keys().copied().collect();
    let builds: Vec<i64> = requests.iter().map(|request| fake.start(*request)).collect();

    let began = Instant::now();
    env.check_all(&shared).await;
    let claimed = began.elapsed();
    let count = async |state| {
        let counts = env.db.bridge_counts(M).await.unwrap();
        counts.iter().filter(|count| count.state == state).map(|count| count.requests).sum::<i64>()
    };
    assert_eq!(count(BridgeState::Running).await, 1000);

    let (began, before) = (Instant::now(), fake.state().calls.values().sum::<usize>());
    env.check_all(&shared).await;
    let swept = began.elapsed();
    let asked = fake.state().calls.values().sum::<usize>() - before;
    println!("1,000 builds: asked for in {created:?}, claimed in {claimed:?}, checked in {swept:?} with {asked} calls");
    assert!(swept.as_secs() < 10, "{swept:?}");
    assert!(asked < 20, "{asked} calls to the master about builds of which there is nothing new");

    for build in builds.into_iter().take(50) {
        fake.finish(build, BuildResult::Success);
    }
    env.check_all(&shared).await;
    assert_eq!(count(BridgeState::Resolved).await, 50);
    env.stop().await;
}
