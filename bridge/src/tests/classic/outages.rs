//! The scheduler database goes away, and comes back.

use base::settings::Span;
use chrono::TimeDelta;
use db::{
    bridge::{BridgeState, MasterState},
    classic::testing::{MariaDb, TestScheduler},
};
use protocol::state::{ReasonResolved as R, TaskState as S};

use super::{House, Old, house::linux};

#[tokio::test]
async fn builds_that_ended_while_the_database_was_away_are_told_late_but_right() {
    let house = House::start().await;
    let Some(mut server) = MariaDb::start().await else {
        return println!("SKIPPED: a scheduler database that goes away; it needs mariadbd");
    };
    let mut old = Old::with(&house, TestScheduler::create_at(&server.url()).await).await;
    old.settings.timeout = Span::seconds(1);
    let shared = old.share(&house);
    let (runs, request) = old.asked(&house, &shared).await;
    let builds = old.scheduler.start(&[request], 1, old.now()).await;
    house.look(&shared).await;
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.retire(&[request], 0, old.now()).await;

    server.stop();
    let waits = house.pending(linux()).await;
    house.tell(waits, 0).await;
    for _ in 0..3 {
        house.after(&shared, TimeDelta::minutes(5)).await;
        house.reflect().await;
    }
    assert_eq!(house.runs(runs).await, [(S::Running, None)], "its claim is kept");
    assert_eq!(house.request(waits).await.state, BridgeState::Wanted);
    assert_eq!(shared.master.driver.health().state, MasterState::Down);

    server.start_again().await;
    assert!(shared.master.driver.take_probe());
    shared.master.driver.probe().await.unwrap();
    house.after(&shared, TimeDelta::seconds(30)).await;
    assert_eq!(house.runs(runs).await, [(S::Completed, Some(R::Completed))]);
    assert_eq!(house.request(waits).await.state, BridgeState::Created);
    house.stop().await;
}
