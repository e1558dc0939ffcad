//! The versions this program ships: up, down and up again, and the lists written from them.

use std::path::Path;

use tokio::task::JoinSet;

use super::super::{Catalog, catalog, load, newest, status, upgrade, walk};
use super::session;
use crate::testing::TestDatabase;
use crate::{Db, DbError, DbSettings};

/// Each way down undoes its way up, and a second way up finds the same as the first.
#[tokio::test]
async fn every_version_goes_up_down_and_up_again() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    let versions = load::shipped().unwrap();
    let mut seen = vec![catalog::read(&mut session.connection).await.unwrap()];
    for version in versions {
        walk::up(&mut session, &versions[..version.number as usize], version.number, &mut |_| {}).await.unwrap();
        seen.push(catalog::read(&mut session.connection).await.unwrap());
    }
    for version in versions.iter().rev() {
        walk::down(&mut session, versions, version.number - 1, &mut |_| {}).await.unwrap();
        let found = catalog::read(&mut session.connection).await.unwrap();
        assert_same(&found, &seen[version.number as usize - 1], &format!("after the way down of {}", version.folder()));
    }
    walk::up(&mut session, versions, newest(versions), &mut |_| {}).await.unwrap();
    let again = catalog::read(&mut session.connection).await.unwrap();
    assert_same(&again, seen.last().unwrap(), "after the second way up");
    assert_eq!(again.overloaded(), Vec::<String>::new(), "two functions share a name");
}

#[tokio::test]
async fn the_written_lists_are_current() {
    let database = TestDatabase::create().await;
    let catalog = catalog(database.url()).await.unwrap();
    written("schema.sql", &catalog.tables);
    written("functions.md", &catalog.functions_page().unwrap());
}

#[tokio::test]
async fn several_upgrades_at_once_end_well() {
    let database = TestDatabase::empty().await;
    let mut upgrades = JoinSet::new();
    for _ in 0..4 {
        let url = database.url().to_owned();
        upgrades.spawn(async move { upgrade(&url, None, |_| {}).await.unwrap() });
    }
    let ended = upgrades.join_all().await;
    let status = status(database.url()).await.unwrap();
    assert_eq!(ended, [status.newest; 4]);
    assert_eq!((status.current, status.pending.len(), status.online_migration), (status.newest, 0, None));
}

#[tokio::test]
async fn a_database_behind_the_program_is_refused() {
    let database = TestDatabase::empty().await;
    let error = Db::connect(&DbSettings::new(database.url())).await.unwrap_err();
    assert!(matches!(error, DbError::Behind { current: 0, .. }), "{error}");
    assert_eq!(status(database.url()).await.unwrap().current, 0);
}

fn assert_same(found: &Catalog, expected: &Catalog, when: &str) {
    let (found, expected) = (found.lines(), expected.lines());
    let extra: Vec<_> = found.iter().filter(|line| !expected.contains(line)).collect();
    let missing: Vec<_> = expected.iter().filter(|line| !found.contains(line)).collect();
    assert!(extra.is_empty() && missing.is_empty(), "{when}: left over: {extra:#?}\nmissing: {missing:#?}");
}

/// Compares a checked-in file with what it should say, or writes it under `UPDATE=1`.
#[expect(clippy::disallowed_methods, reason = "a test has no main that could hand a setting down")]
fn written(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        return std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "db/{name} is stale; run `./dev db-check` to write it anew");
}
