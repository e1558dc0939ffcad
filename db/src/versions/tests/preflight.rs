//! Rows that a version cannot deal with, found before anything is changed.

use super::super::{VersionError, load::Version, preview, walk};
use super::walking::number;
use super::{session, versions};
use crate::testing::TestDatabase;

fn three() -> Vec<Version> {
    versions(&[
        ("0001_thing/up.sql", "create table thing (number int); insert into thing values (1), (1), (2)"),
        ("0001_thing/down.sql", "drop table thing"),
        ("0002_other/up.sql", "create table other (number int); insert into other values (-1)"),
        ("0002_other/down.sql", "drop table other"),
        ("0003_strict/up.sql", "alter table thing add unique (number); alter table other add check (number > 0)"),
        ("0003_strict/down.sql", "alter table thing drop constraint thing_number_key"),
        (
            "0003_strict/preflight.sql",
            "select 'numbers of thing that are there twice' as problem, count(*) as rows
             from (select from thing group by number having count(*) > 1) twice
             union all select 'negative numbers of other', count(*) from other where number <= 0",
        ),
    ])
}

#[tokio::test]
async fn bad_rows_are_found_before_the_first_version_is_begun() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    walk::up(&mut session, &three(), 2, &mut |_| {}).await.unwrap();
    let plan = preview::plan_of(&mut session, &three(), None).await.unwrap();
    assert_eq!(plan[0].bad_rows.len(), 2);
    let error = walk::up(&mut session, &three(), 3, &mut |_| {}).await.unwrap_err().to_string();
    assert!(error.contains("0003_strict") && error.contains("there twice (1 rows); negative"), "{error}");

    let repair = "delete from other; delete from thing where ctid = (select min(ctid) from thing)";
    sqlx::raw_sql(repair).execute(&mut session.connection).await.unwrap();
    assert_eq!(walk::up(&mut session, &three(), 3, &mut |_| {}).await.unwrap(), 3);
}

/// Where the question needs a table that an earlier version of the same upgrade creates, the version's own step asks it.
#[tokio::test]
async fn what_cannot_be_asked_beforehand_is_asked_by_the_step() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    walk::up(&mut session, &three(), 1, &mut |_| {}).await.unwrap();
    let error = walk::up(&mut session, &three(), 3, &mut |_| {}).await.unwrap_err();
    assert!(matches!(error, VersionError::BadRows { .. }), "{error}");
    assert_eq!(session.current().await.unwrap(), 2, "the version before it stays");
    assert_eq!(number(&mut session, "select count(*) from thing").await, 3);
}
