//! The scheduler database goes down and comes back.

use base::settings::ConfigDuration;
use chrono::TimeDelta;
use db::{
    bridge::{BridgeState, MasterState},
    classic::testing::{MariaDb, TestScheduler},
};
use protocol::state::{ReasonResolved as R, TaskState as S};

use super::{TestEnv, TestMaster, env::linux};

#[tokio::test]
async fn builds_that_ended_while_the_database_was_down_are_resolved_later() {
    let env = TestEnv::start().await;
    let Some(mut server) = MariaDb::start().await else {
        return println!("SKIPPED: a scheduler database that goes away; it needs mariadbd");
    };
    let mut old = TestMaster::with(&env, TestScheduler::create_at(&server.url()).await).await;
    old.settings.timeout = ConfigDuration::seconds(1);
    let shared = old.shared(&env);
    let (runs, request) = old.asked(&env, &shared).await;
    let builds = old.scheduler.start(&[request], 1, old.now()).await;
    env.check_all(&shared).await;
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.retire(&[request], 0, old.now()).await;

    server.stop();
    let waits = env.pending(linux()).await;
    env.add_pending(waits, 0).await;
    for _ in 0..3 {
        env.advance(&shared, TimeDelta::minutes(5)).await;
        env.expire().await;
    }
    assert_eq!(env.runs(runs).await, [(S::Running, None)], "its claim is kept");
    assert_eq!(env.request(waits).await.state, BridgeState::PendingCreate);
    assert_eq!(shared.master.driver.health().state, MasterState::Down);

    server.start_again().await;
    assert!(shared.master.driver.take_due_probe());
    shared.master.driver.probe().await.unwrap();
    env.advance(&shared, TimeDelta::seconds(30)).await;
    assert_eq!(env.runs(runs).await, [(S::Completed, Some(R::Completed))]);
    assert_eq!(env.request(waits).await.state, BridgeState::Created);
    env.stop().await;
}
