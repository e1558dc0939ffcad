//! Online migrations that have to wait, are interrupted, or are followed by the other direction.

use std::sync::Arc;
use std::time::Duration;

use sqlx::AssertSqlSafe;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::super::{Direction, VersionError, bookmark, load::Version, session::Session, walk};
use super::session;
use super::versions;
use super::walking::number;
use crate::testing::TestDatabase;

/// Doubles the rows that are ripe, keeps its place, and counts the calls.
const UP: &str = "
    create sequence calls;
    create function online_migration_v2_batch(batch_size_in integer, state_in jsonb)
    returns table (count integer, state jsonb) language plpgsql as $$
    declare last integer; changed integer;
    begin
      perform nextval('calls');
      with taken as (select t.number from thing t where t.ripe and t.doubled is null
                      and t.number > coalesce((state_in->>'last')::int, 0) order by t.number limit batch_size_in),
           done as (update thing t set doubled = t.number * 2 from taken where t.number = taken.number returning t.number)
      select max(done.number), count(*) into last, changed from done;
      return query select changed, jsonb_build_object('last', last);
    end $$;
    create function online_migration_v2_remaining() returns bigint language sql as
      'select count(*) from thing where doubled is null';
    create function online_migration_v2_is_complete() returns boolean language sql as
      'select not exists (select from thing where doubled is null)';";

/// The way down takes each row's number back from what it was doubled to, and drops the column at its end.
const DOWN: &str = "
    drop sequence if exists calls;
    create function online_downgrade_v2_batch(batch_size_in integer, state_in jsonb)
    returns table (count integer, state jsonb) language plpgsql as $$
    declare changed integer;
    begin
      update thing set number = doubled / 2, doubled = null where ctid = any (array(
        select ctid from thing where doubled is not null limit 1));
      get diagnostics changed = row_count;
      perform 1 / (select count(*) from thing where doubled is not null and not ripe);
      return query select changed, state_in;
    end $$;
    create function online_downgrade_v2_is_complete() returns boolean language sql as
      'select not exists (select from thing where doubled is not null)'";

fn two() -> Vec<Version> {
    versions(&[
        (
            "0001_thing/up.sql",
            "create table thing (number int, ripe boolean, doubled int);
             insert into thing select n, n <= 50 from generate_series(1, 60) n",
        ),
        ("0001_thing/down.sql", "drop table thing"),
        ("0002_double/up.sql", "create index thing_number on thing (number)"),
        ("0002_double/down.sql", &format!("drop index thing_number; {DOWN}")),
        ("0002_double/online.sql", UP),
    ])
}

async fn execute(url: &str, sql: &str) {
    let mut session = Session::open(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut session.connection).await.unwrap();
}

/// Runs the way up until it says that it waits; gives `meanwhile` the time, and goes on to the end.
async fn up_with_a_wait(database: &TestDatabase, meanwhile: impl Future<Output = ()>) -> (u32, Vec<String>) {
    let mut upgrading = session(database).await;
    let (waits, mut lines) = (Arc::new(Notify::new()), Vec::new());
    let mut progress = |line: &str| {
        lines.push(line.to_owned());
        if line.contains("trying again") {
            waits.notify_one();
        }
    };
    let versions = two();
    let walking = walk::up(&mut upgrading, &versions, 2, &mut progress);
    let (arrived, ()) = tokio::join!(walking, async {
        timeout(Duration::from_secs(30), waits.notified()).await.unwrap();
        meanwhile.await;
    });
    (arrived.unwrap(), lines)
}

#[tokio::test]
async fn rows_that_cannot_be_changed_yet_are_waited_for_without_spinning() {
    let database = TestDatabase::empty().await;
    let url = database.url().to_owned();
    let (arrived, lines) = up_with_a_wait(&database, async {
        let mut looking = Session::open(&url).await.unwrap();
        let calls = number(&mut looking, "select last_value from calls").await;
        // 50 rows in doubling batches, the end of the pass, and one pass that found nothing.
        assert!(calls <= 10, "{calls} calls of the batch function");
        let found = bookmark::unfinished(&mut looking.connection, 2).await.unwrap().unwrap();
        assert_eq!((found.version, found.direction, found.changed, found.running), (2, Direction::Up, 50, true));
        execute(&url, "update thing set ripe = true").await;
    })
    .await;
    assert_eq!(arrived, 2);
    assert!(lines.iter().any(|line| line.contains("rows are left that cannot be changed yet")), "{lines:?}");
    let mut looking = Session::open(&url).await.unwrap();
    assert_eq!(number(&mut looking, "select count(doubled) from thing").await, 60);
    assert_eq!(number(&mut looking, "select count(*) from online_migration").await, 0);
}

#[tokio::test]
async fn a_wait_ends_soon_when_it_is_interrupted_and_goes_on_from_its_bookmark() {
    let database = TestDatabase::empty().await;
    let mut upgrading = session(&database).await;
    let server_process = upgrading.server_process().await.unwrap();
    let (waits, versions) = (Notify::new(), two());
    let mut progress = |line: &str| {
        if line.contains("trying again in 4 s") {
            waits.notify_one();
        }
    };
    let walking = walk::up(&mut upgrading, &versions, 2, &mut progress);
    let ended = walk::until(database.url(), server_process, waits.notified(), walking);
    let ended = timeout(Duration::from_secs(30), ended).await.unwrap();
    assert!(matches!(ended, Err(VersionError::Interrupted)), "{ended:?}");
    let mut looking = Session::open(database.url()).await.unwrap();
    let found = bookmark::unfinished(&mut looking.connection, 2).await.unwrap().unwrap();
    assert_eq!((found.changed, found.running), (50, false));

    execute(database.url(), "update thing set ripe = true").await;
    let mut again = session(&database).await;
    let mut lines = Vec::new();
    walk::up(&mut again, &two(), 2, &mut |line| lines.push(line.to_owned())).await.unwrap();
    assert!(lines[0].contains("finishing the interrupted way up") && lines[0].contains("50 rows"), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("complete, 60 rows changed")), "{lines:?}");
}

/// The way down fails in its last batch, since a division by zero stands for a kill; then the way up follows.
#[tokio::test]
async fn an_upgrade_finishes_a_downgrade_that_was_interrupted_and_leaves_nothing_of_it() {
    let database = TestDatabase::empty().await;
    let mut walking = session(&database).await;
    execute(database.url(), "create table kept (number int)").await;
    walk::up(&mut walking, &two()[..1], 1, &mut |_| {}).await.unwrap();
    execute(database.url(), "update thing set ripe = number < 60; insert into thing values (61, true, null)").await;
    execute(database.url(), "update thing set ripe = true").await;
    walk::up(&mut walking, &two(), 2, &mut |_| {}).await.unwrap();
    execute(database.url(), "update thing set ripe = false where number = 60").await;
    let error = walk::down(&mut walking, &two(), 1, &mut |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("division by zero"), "{error}");
    let found = bookmark::unfinished(&mut walking.connection, 1).await.unwrap().unwrap();
    assert_eq!((found.version, found.direction), (2, Direction::Down));

    let repaired = DOWN.split_once("create function").unwrap().1;
    let repaired = format!("create function{repaired}")
        .replace("perform 1 / (", "perform (")
        .replace("create f", "create or replace f");
    execute(database.url(), &format!("{repaired}; update thing set ripe = true")).await;
    let mut lines = Vec::new();
    walk::up(&mut walking, &two(), 2, &mut |line| lines.push(line.to_owned())).await.unwrap();
    assert!(lines[0].contains("finishing the interrupted way down"), "{lines:?}");
    assert!(!walking.has_function("online_downgrade_v2_batch").await.unwrap());
    assert_eq!(number(&mut walking, "select count(doubled) from thing").await, 61);
    walk::down(&mut walking, &two_repaired(), 1, &mut |_| {}).await.unwrap();
    assert_eq!(number(&mut walking, "select count(doubled) from thing").await, 0);
}

fn two_repaired() -> Vec<Version> {
    let mut two = two();
    two[1].down = two[1].down.replace("perform 1 / (", "perform (");
    two
}
