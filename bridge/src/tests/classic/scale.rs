//! A thousand open builds of an old master at once.

use std::time::Instant;

use db::bridge::BridgeState;

use super::{
    super::{
        M,
        scale::{BUILDS, tasks},
    },
    TestEnv, TestMaster,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_open_builds_are_checked_within_ten_seconds() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "a thousand builds").await else { return };
    let shared = old.shared(&env);
    tasks(&env).await;
    let began = Instant::now();
    env.run_until_idle(&shared).await;
    let created = began.elapsed();
    let made = i64::try_from(BUILDS).unwrap();
    let (buildsets, _, requests) = old.scheduler.counts().await;
    assert_eq!((buildsets, requests), (made, made));

    let first = old.scheduler.first_request().await;
    for number in 0..made {
        old.scheduler.start(&[first + number], number, old.now()).await;
    }
    let began = Instant::now();
    env.check_all(&shared).await;
    let claimed = began.elapsed();
    let counts = env.db.bridge_counts(M).await.unwrap();
    assert!(counts.iter().all(|count| count.state == BridgeState::Running) && counts.len() == 1, "{counts:?}");

    let began = Instant::now();
    env.check_all(&shared).await;
    let swept = began.elapsed();
    println!("1,000 builds of an old master: asked for in {created:?}, claimed in {claimed:?}, checked in {swept:?}");
    assert!(swept.as_secs() < 10, "{swept:?}");
    env.stop().await;
}
