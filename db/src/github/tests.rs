//! What holds whatever a caller does.

use chrono::{DateTime, TimeDelta};
use protocol::{
    github::{BuildState, DeliveryState, ReportKind, Repository},
    time::Timestamp,
};

use super::*;
use crate::{Db, testing::TestDatabase};

fn now() -> Timestamp {
    DateTime::from_timestamp_millis(1_700_000_000_000).unwrap()
}

fn delivery(id: &str) -> NewDelivery<'_> {
    NewDelivery {
        delivery_id: id,
        event: "push",
        body: "{}",
        repository: "mozilla/balrog".to_owned(),
        subject: "branch/main".to_owned(),
        state: DeliveryState::Waiting,
        reason: None,
        message: None,
        installation: None,
    }
}

async fn receive(db: &Db, new: &NewDelivery<'_>) -> bool {
    db.github_receive(new, None, now()).await.unwrap()
}

#[tokio::test]
async fn every_constant_has_the_number_of_its_rust_value() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let deliveries = DeliveryState::ALL.iter().map(|it| (format!("delivery_state_{it}"), it.code()));
    let builds = BuildState::ALL.iter().map(|it| (format!("build_state_{it}"), it.code()));
    let reports = ReportKind::ALL.iter().map(|it| (format!("report_kind_{it}"), it.code()));
    for (name, code) in deliveries.chain(builds).chain(reports) {
        let sql = sqlx::AssertSqlSafe(format!("select {name}()"));
        let found: i16 = sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap();
        assert_eq!(found, code, "{name}");
    }
}

#[tokio::test]
async fn a_delivery_is_taken_in_once_whatever_its_body() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    assert!(receive(&db, &delivery("1")).await);
    assert!(!receive(&db, &NewDelivery { body: "[]", state: DeliveryState::Ignored, ..delivery("1") }).await);
    let stored = db.github_delivery("1").await.unwrap().unwrap();
    assert_eq!((stored.body.as_str(), stored.state, stored.next_attempt), ("{}", DeliveryState::Waiting, Some(now())));
    assert_eq!(db.github_delivery("2").await.unwrap(), None);
}

#[tokio::test]
async fn what_is_ignored_keeps_no_body_and_goes_after_its_time() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    receive(&db, &NewDelivery { state: DeliveryState::Ignored, reason: Some("why"), ..delivery("1") }).await;
    receive(&db, &delivery("2")).await;
    let stored = db.github_delivery("1").await.unwrap().unwrap();
    assert_eq!((stored.body.as_str(), stored.reason.as_deref(), stored.finished), ("", Some("why"), Some(now())));
    let later = now() + TimeDelta::days(1);
    assert_eq!(db.expire_github(later, later, 10).await.unwrap(), 1, "the second still waits");
    assert_eq!(db.github_delivery("1").await.unwrap(), None);
}

#[tokio::test]
async fn an_installation_is_found_by_its_owner_until_it_is_removed() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    for (id, active, expected) in [("1", true, Some(5)), ("2", false, None), ("3", true, Some(5))] {
        let installation = Some(InstallationUpdate { owner: "Mozilla", installation: 5, active });
        receive(&db, &NewDelivery { installation, ..delivery(id) }).await;
        assert_eq!(db.github_installation("mozillA").await.unwrap(), expected, "{id}");
    }
}

#[tokio::test]
async fn a_report_never_goes_back() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let report = |content: &str, rank| NewReport {
        kind: ReportKind::Check,
        repository: Repository { owner: "o".to_owned(), name: "n".to_owned() },
        subject: "task".to_owned(),
        installation: 5,
        task_group_id: None,
        content: content.to_owned(),
        rank,
    };
    for (content, rank, changes) in [("a", 1, true), ("a", 2, false), ("b", 1, true), ("c", 0, false), ("c", 2, true)] {
        assert_eq!(db.github_report_put(&report(content, rank), now()).await.unwrap(), changes, "{content} {rank}");
    }
}
