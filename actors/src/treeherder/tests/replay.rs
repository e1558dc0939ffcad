//! Pushes: their rows, and telling them once more.

use serde_json::json;

use super::house::{House, REVISION};
use crate::{queue::Report, treeherder::PushError};

#[tokio::test]
async fn a_push_is_told_once_more_from_what_is_known() {
    let house = House::start().await;
    let mut jobs = house.jobs().await;
    house.created().await;
    house.report(house.claimed().await, Report::Exception(protocol::state::ReasonResolved::WorkerShutdown)).await;
    house.report(house.claimed().await, Report::Completed).await;
    jobs.words(7).await;

    house.pushes().replay("autoland", REVISION).await.unwrap();
    assert_eq!(jobs.words(2).await, ["0 completed exception retried", "1 completed success"]);

    let unknown = house.pushes().replay("autoland", &"f".repeat(40)).await;
    assert!(matches!(unknown, Err(PushError::NoSuchPush { .. })), "{unknown:?}");
    house.stop().await;
}

#[tokio::test]
async fn the_row_of_a_push_shows_its_jobs_as_they_stand() {
    let house = House::start().await;
    let mut jobs = house.jobs().await;
    house.created().await;
    house.create(house.task(&json!({ "symbol": "1", "groupSymbol": "M", "jobKind": "test" }))).await;
    house.create(house.task(&json!({ "symbol": 1 }))).await;
    house.report(house.claimed().await, Report::Failed).await;
    jobs.words(6).await;

    let row = house.pushes().row("autoland", REVISION).await.unwrap();
    assert_eq!(json!(row.counts), json!({ "busted": 1, "pending": 1 }));
    let groups: Vec<_> = row.platforms[0].groups.iter().map(|group| group.symbol.as_str()).collect();
    assert_eq!((row.platforms[0].platform.as_str(), groups), ("q", vec!["?", "M"]));
    assert_eq!(row.problems.len(), 1);
    house.stop().await;
}
