//! The quick part of an upgrade, and what it refuses.

use super::super::{VersionError, bookmark, defer, load::Version, readiness::readiness_of, session::Session, walk};
use super::walking::{number, two};
use super::{session, versions};
use crate::testing::TestDatabase;

/// The two versions of the other tests, and one that follows the online migration.
fn three() -> Vec<Version> {
    let mut three = two();
    let third =
        [("0001_a/up.sql", ""), ("0002_b/up.sql", ""), ("0003_third/up.sql", "create table third (number int)")];
    let downs = [("0001_a/down.sql", ""), ("0002_b/down.sql", ""), ("0003_third/down.sql", "drop table third")];
    three.push(versions(&[third, downs].concat()).pop().unwrap());
    three
}

async fn at_version_one(database: &TestDatabase) -> Session {
    let mut session = session(database).await;
    walk::up(&mut session, &two(), 1, &mut |_| {}).await.unwrap();
    session
}

#[tokio::test]
async fn a_deferred_online_migration_is_left_to_the_next_upgrade() {
    let database = TestDatabase::empty().await;
    let mut session = at_version_one(&database).await;
    let mut lines = Vec::new();
    let mut progress = |line: &str| lines.push(line.to_owned());
    assert_eq!(defer::up(&mut session, &two(), 2, &mut progress).await.unwrap(), 2);
    assert!(lines.iter().any(|line| line.contains("is left to `drover db upgrade`")), "{lines:?}");
    assert!(bookmark::unfinished(&mut session.connection, 2).await.unwrap().is_some());
    assert_eq!(number(&mut session, "select count(doubled) from thing").await, 0);

    assert!(!defer::has_steps(&mut session, &two(), 2).await.unwrap(), "a repeat has nothing to wait for");
    walk::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap();
    assert_eq!(number(&mut session, "select count(doubled) from thing").await, 100);
}

#[tokio::test]
async fn no_version_follows_an_online_migration_that_is_not_complete() {
    let database = TestDatabase::empty().await;
    let mut session = at_version_one(&database).await;
    defer::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap();
    for refused in [
        defer::has_steps(&mut session, &three(), 3).await.unwrap_err(),
        defer::up(&mut session, &three(), 3, &mut |_| {}).await.unwrap_err(),
    ] {
        assert!(matches!(refused, VersionError::OnlineUnfinished { version: 2, to: 3 }), "{refused}");
    }
    assert_eq!(session.current().await.unwrap(), 2);
    walk::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap();
    assert_eq!(defer::up(&mut session, &three(), 3, &mut |_| {}).await.unwrap(), 3);
}

#[tokio::test]
async fn passing_a_version_with_an_online_migration_is_refused_before_anything_is_changed() {
    let database = TestDatabase::empty().await;
    let mut session = at_version_one(&database).await;
    let refused = defer::up(&mut session, &three(), 3, &mut |_| {}).await.unwrap_err();
    assert!(matches!(refused, VersionError::OnlineBetween { version: 2, to: 3 }), "{refused}");
    assert_eq!(session.current().await.unwrap(), 1);
}

/// What `drover preflight` says before anything is tried.
#[tokio::test]
async fn an_upgrade_that_would_be_refused_is_known_before() {
    let database = TestDatabase::empty().await;
    let mut session = at_version_one(&database).await;
    let readiness = readiness_of(&mut session, &two(), "drover").await.unwrap();
    assert_eq!((readiness.upgrade_refused, readiness.missing_rights), (None, Vec::new()));

    defer::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap();
    let readiness = readiness_of(&mut session, &three(), "drover").await.unwrap();
    assert!(readiness.upgrade_refused.unwrap().contains("online migration of version 2 is not complete"));
    assert_eq!(readiness.status.online_migration.unwrap().version, 2);
    // The release that is installed goes on.
    let readiness = readiness_of(&mut session, &two(), "drover").await.unwrap();
    assert_eq!((readiness.upgrade_refused, readiness.missing_functions), (None, Vec::new()));
}
