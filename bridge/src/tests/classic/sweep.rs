//! A thousand open builds of an old master at once.

use std::time::Instant;

use db::bridge::BridgeState;

use super::{
    super::{
        M,
        sweep::{BUILDS, tasks},
    },
    Old, TestEnv,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_open_builds_are_looked_at_in_one_sweep_within_ten_seconds() {
    let env = TestEnv::start().await;
    let Some(old) = Old::start(&env, "a thousand builds").await else { return };
    let shared = old.share(&env);
    tasks(&env).await;
    let began = Instant::now();
    env.pass(&shared).await;
    let created = began.elapsed();
    let made = i64::try_from(BUILDS).unwrap();
    let (buildsets, _, requests) = old.scheduler.counts().await;
    assert_eq!((buildsets, requests), (made, made));

    let first = old.scheduler.first_request().await;
    for number in 0..made {
        old.scheduler.start(&[first + number], number, old.now()).await;
    }
    let began = Instant::now();
    env.look(&shared).await;
    let claimed = began.elapsed();
    let counts = env.db.bridge_counts(M).await.unwrap();
    assert!(counts.iter().all(|count| count.state == BridgeState::Running) && counts.len() == 1, "{counts:?}");

    let began = Instant::now();
    env.look(&shared).await;
    let swept = began.elapsed();
    println!("1,000 builds of an old master: asked for in {created:?}, claimed in {claimed:?}, looked at in {swept:?}");
    assert!(swept.as_secs() < 10, "{swept:?}");
    env.stop().await;
}
