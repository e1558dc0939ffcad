//! Up and down with versions made up here.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, task::JoinSet, time::timeout};

use super::super::{VersionError, bookmark, load::Version, preview, session::Session, walk};
use super::{session, versions};
use crate::testing::TestDatabase;

const LOOK: &str =
    "-- look: read, queue, since version 1\ncreate or replace function look() returns int language sql as 'select 1';";
const LOOK_AGAIN: &str =
    "-- look: read, queue, since version 1\ncreate or replace function look() returns int language sql as 'select 2';";

const ONLINE: &str = "
    create function online_migration_v2_batch(batch_size_in integer, state_in jsonb)
    returns table (count integer, state jsonb) language plpgsql as $$
    declare changed integer;
    begin
      update thing set doubled = number * 2 where number in
        (select number from thing where doubled is null order by number limit batch_size_in);
      get diagnostics changed = row_count;
      return query select changed, state_in;
    end $$;
    create function online_migration_v2_is_complete() returns boolean language sql as
      'select not exists (select from thing where doubled is null)';";

pub(super) fn two() -> Vec<Version> {
    versions(&[
        ("0001_thing/up.sql", "create table thing (number int); insert into thing select generate_series(1, 100)"),
        ("0001_thing/down.sql", "drop table thing"),
        ("0001_thing/functions/look.sql", LOOK),
        ("0002_double/up.sql", "alter table thing add doubled int"),
        ("0002_double/down.sql", "alter table thing drop doubled"),
        ("0002_double/online.sql", ONLINE),
        ("0002_double/functions/look.sql", LOOK_AGAIN),
    ])
}

pub(super) async fn number(session: &mut Session, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut session.connection).await.unwrap()
}

#[tokio::test]
async fn an_online_migration_fills_every_row_and_leaves_no_function() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    assert_eq!(walk::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap(), 2);
    assert_eq!(number(&mut session, "select sum(doubled) from thing").await, 10_100);
    assert!(!session.has_function("online_migration_v2_batch").await.unwrap());
}

#[tokio::test]
async fn an_interrupted_online_migration_is_finished_by_the_next_upgrade() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    let mut broken = two();
    broken[1].online = Some(ONLINE.replace("number * 2", "number / 0"));
    walk::up(&mut session, &broken, 2, &mut |_| {}).await.unwrap_err();
    assert_eq!(session.current().await.unwrap(), 2);
    assert!(bookmark::unfinished(&mut session.connection, 2).await.unwrap().is_some());

    let fix = ONLINE.replace("create function", "create or replace function");
    sqlx::raw_sql(sqlx::AssertSqlSafe(fix)).execute(&mut session.connection).await.unwrap();
    walk::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap();
    assert_eq!(number(&mut session, "select count(doubled) from thing").await, 100);
    assert_eq!(bookmark::unfinished(&mut session.connection, 2).await.unwrap(), None);
}

#[tokio::test]
async fn going_down_brings_the_older_function_back() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    walk::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap();
    assert_eq!(number(&mut session, "select look()::bigint").await, 2);
    walk::down(&mut session, &two(), 1, &mut |_| {}).await.unwrap();
    assert_eq!(number(&mut session, "select look()::bigint").await, 1);
    walk::down(&mut session, &two(), 0, &mut |_| {}).await.unwrap();
    assert!(!session.has_function("look").await.unwrap());
}

#[tokio::test]
async fn a_step_that_fails_changes_nothing() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    let mut broken = two();
    broken[1].up.push_str("; select 1 / 0");
    let error = walk::up(&mut session, &broken, 2, &mut |_| {}).await.unwrap_err();
    assert!(error.to_string().starts_with("0002_double/up.sql failed"), "{error}");
    assert_eq!(session.current().await.unwrap(), 1);
    assert_eq!(number(&mut session, "select count(*) from thing").await, 100);
}

#[tokio::test]
async fn a_version_that_moved_meanwhile_is_noticed() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    let error = session.step(7).await.unwrap_err();
    assert!(matches!(error, VersionError::AnotherRuns { expected: 7, found: 0 }), "{error}");
}

#[tokio::test]
async fn up_and_down_refuse_the_wrong_way() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    walk::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap();
    assert!(matches!(walk::up(&mut session, &two(), 1, &mut |_| {}).await, Err(VersionError::NotUp { .. })));
    assert!(matches!(walk::up(&mut session, &two(), 3, &mut |_| {}).await, Err(VersionError::Unknown { .. })));
    assert!(matches!(walk::down(&mut session, &two()[..1], 1, &mut |_| {}).await, Err(VersionError::Newer { .. })));
    walk::down(&mut session, &two(), 1, &mut |_| {}).await.unwrap();
    assert!(matches!(walk::down(&mut session, &two(), 2, &mut |_| {}).await, Err(VersionError::NotDown { .. })));
}

#[tokio::test]
async fn a_database_ahead_of_the_program_is_left_alone() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    walk::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap();
    assert_eq!(walk::up(&mut session, &two()[..1], 1, &mut |_| {}).await.unwrap(), 2);
}

/// A transaction that reads the table is open for a while. The upgrade waits for it, and other readers do not wait for
/// the upgrade.
#[tokio::test]
async fn readers_never_queue_long_behind_an_upgrade_that_waits_for_a_table() {
    let database = TestDatabase::empty().await;
    let mut upgrading = session(&database).await;
    walk::up(&mut upgrading, &two(), 1, &mut |_| {}).await.unwrap();
    let held = database.hold("lock table drover.thing in access share mode").await;
    let waits = Arc::new(Notify::new());
    let listed = waits.clone();
    let mut upgrade = JoinSet::new();
    upgrade.spawn(async move {
        let mut words = Vec::new();
        let mut progress = |line: &str| {
            words.push(line.to_owned());
            if line.contains("trying again") {
                listed.notify_one();
            }
        };
        let arrived = walk::up(&mut upgrading, &two(), 2, &mut progress).await;
        (arrived, words)
    });
    let mut reader = Session::open(database.url()).await.unwrap();
    sqlx::raw_sql("set statement_timeout = '5s'; set lock_timeout = 0").execute(&mut reader.connection).await.unwrap();
    for _ in 0..2 {
        timeout(Duration::from_secs(20), waits.notified()).await.unwrap();
        assert_eq!(number(&mut reader, "select count(*) from thing").await, 100);
    }
    held.release().await;
    let (arrived, words) = upgrade.join_next().await.unwrap().unwrap();
    assert_eq!(arrived.unwrap(), 2);
    assert!(words.iter().any(|line| line.contains("0002_double") && line.contains("drover test")), "{words:?}");
}

#[tokio::test]
async fn an_interrupted_step_ends_at_the_server_too() {
    let database = TestDatabase::empty().await;
    let mut upgrading = session(&database).await;
    let mut slow = two();
    slow[1].up.push_str("; select pg_sleep(600)");
    let (begun, server_process) = (Arc::new(Notify::new()), upgrading.server_process().await.unwrap());
    let mut progress = |line: &str| {
        if line.contains("0002") {
            begun.notify_one();
        }
    };
    let walking = walk::up(&mut upgrading, &slow, 2, &mut progress);
    let stop = async {
        begun.notified().await;
        let mut looking = Session::open(database.url()).await.unwrap();
        while number(&mut looking, SLEEPING).await == 0 {}
    };
    let ended = walk::until(database.url(), server_process, stop, walking).await;
    assert!(matches!(ended, Err(VersionError::Interrupted)), "{ended:?}");
    let mut looking = Session::open(database.url()).await.unwrap();
    assert_eq!(number(&mut looking, SLEEPING).await, 0);
    assert_eq!(looking.current().await.unwrap(), 1, "the step was rolled back");
}

const SLEEPING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query like '%pg_sleep%' and state = 'active'";

#[tokio::test]
async fn what_a_downgrade_takes_away_and_an_upgrade_does_is_told_beforehand() {
    let database = TestDatabase::empty().await;
    let mut session = session(&database).await;
    walk::up(&mut session, &two(), 1, &mut |_| {}).await.unwrap();
    sqlx::raw_sql("analyze thing").execute(&mut session.connection).await.unwrap();
    let plan = preview::plan_of(&mut session, &two(), None).await.unwrap();
    assert_eq!((plan.len(), plan[0].version.as_str(), plan[0].online_migration), (1, "0002_double", true));
    assert_eq!((plan[0].new_functions, plan[0].redefined_functions), (0, 1));
    assert_eq!(plan[0].changes[0].statement, "alter table thing add doubled int");
    assert_eq!(plan[0].changes[0].table, Some(("thing".to_owned(), 100)));

    walk::up(&mut session, &two(), 2, &mut |_| {}).await.unwrap();
    sqlx::raw_sql("update thing set doubled = null where number > 90").execute(&mut session.connection).await.unwrap();
    let losses = preview::losses_of(&mut session, &two(), 0).await.unwrap();
    let listed: Vec<_> = losses.iter().map(|loss| (loss.what.as_str(), loss.rows, loss.is_estimate)).collect();
    assert_eq!(listed, [("column thing.doubled", 90, false), ("table thing", 100, false)]);
    assert_eq!(session.current().await.unwrap(), 2, "nothing was changed");
}
