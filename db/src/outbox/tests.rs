use base::{KeyRing, Rng, SealingKey};
use sqlx::AssertSqlSafe;

use super::*;
use crate::auth::{By, NewClient};
use crate::testing::TestDatabase;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_700_000_000_000).unwrap()
}

fn client(number: usize) -> NewClient {
    let rng = Rng::seeded(7);
    let sealed = KeyRing::new(&[SealingKey::make("k", &rng)]).unwrap().seal("t", "p", &rng);
    NewClient {
        client_id: format!("c{number}"),
        description: String::new(),
        sealed_access_token: sealed,
        scopes: vec![],
        expires: now() + TimeDelta::days(9),
        delete_on_expiration: false,
    }
}

/// Leaves one event in the outbox, and moves it into the log.
async fn logged(db: &Db, outbox: &mut Outbox, number: usize, at: DateTime<Utc>) -> i64 {
    db.client_create(&client(number), &By { client_id: "me".to_owned(), trace: None }, at).await.unwrap();
    let ids = outbox.read(&EventFilter::everything(), 10).await.unwrap().ids;
    outbox.prepare_log(TimeDelta::days(2), at).await.unwrap();
    outbox.log(&ids, at).await.unwrap();
    ids[0]
}

#[tokio::test]
async fn events_are_found_by_position_in_the_order_in_which_they_were_logged() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    assert_eq!(db.event_log().await.unwrap(), LogEnds { first: 1, last: 0 });
    let mut outbox = db.outbox(0);
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(logged(&db, &mut outbox, number, now()).await);
    }

    let page = db.events_after(0, None, 2).await.unwrap();
    assert_eq!(page.position, 2);
    assert_eq!(page.events.iter().map(|logged| logged.event.id).collect::<Vec<_>>(), ids[..2]);
    let rest = db.events_after(page.position, None, 2).await.unwrap();
    assert_eq!((rest.position, rest.events[0].position, rest.events[0].event.id), (3, 3, ids[2]));
    assert_eq!(db.events_after(3, None, 2).await.unwrap().position, 3);
    assert_eq!(db.position_before(ids[1]).await.unwrap(), 1);
    assert_eq!(db.position_before(ids[2] + 1).await.unwrap(), 3);
    assert_eq!(db.event_log().await.unwrap(), LogEnds { first: 1, last: 3 });
}

/// A sequence runs ahead of transactions that are not over: whoever took it for the end would pass over their events.
#[tokio::test]
async fn the_log_ends_where_it_can_be_seen_to_end() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let mut outbox = db.outbox(0);
    outbox.prepare_log(TimeDelta::days(2), now()).await.unwrap();
    let end = || async { db.event_log().await.unwrap().last };
    for number in 0..2 {
        let before = end().await;
        let mut open = db.pool().begin().await.unwrap();
        sqlx::query("select log_events(array[row(7,1,$1,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null)]::logged_event[], $1)")
            .bind(now())
            .execute(&mut *open)
            .await
            .unwrap();
        assert_eq!(end().await, before, "before the commit");
        assert_eq!(db.events_after(before, None, 10).await.unwrap().position, before);
        open.commit().await.unwrap();
        assert_eq!(end().await, before + 1, "after commit {number}");
    }
}

#[tokio::test]
async fn days_that_are_over_are_dropped_whole_and_positions_go_on() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let mut outbox = db.outbox(0);
    for day in 0..4 {
        logged(&db, &mut outbox, day, now() + TimeDelta::days(i64::try_from(day).unwrap())).await;
    }
    assert_eq!(db.event_log().await.unwrap(), LogEnds { first: 2, last: 4 });
    outbox.prepare_log(TimeDelta::days(2), now() + TimeDelta::days(30)).await.unwrap();
    assert_eq!(db.event_log().await.unwrap(), LogEnds { first: 5, last: 4 });
    let partitions = "select count(*) from pg_inherits where inhparent = 'event_log'::regclass";
    let partitions: i64 = sqlx::query_scalar(partitions).fetch_one(db.pool()).await.unwrap();
    assert_eq!(partitions, 2, "today and tomorrow");
}

#[tokio::test]
async fn what_nobody_reads_goes_into_the_log_as_well() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let by = By { client_id: "me".to_owned(), trace: None };
    let mut outbox = db.outbox(0);
    outbox.prepare_log(TimeDelta::days(2), now()).await.unwrap();
    for number in 0..3 {
        db.client_create(&client(number), &by, now()).await.unwrap();
    }
    assert_eq!(outbox.log_unread(2, now()).await.unwrap(), 2);
    assert_eq!(outbox.log_unread(2, now()).await.unwrap(), 1);
    assert_eq!(outbox.log_unread(2, now()).await.unwrap(), 0);
    assert_eq!(db.events_after(0, None, 10).await.unwrap().events.len(), 3);
}

/// The log must not cost what the hot tables saved: the bar for a whole lifecycle with events is 5.2 KB.
#[tokio::test]
async fn the_log_writes_little() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let mut outbox = db.outbox(0);
    outbox.prepare_log(TimeDelta::days(2), now()).await.unwrap();
    for (batch, most) in [(1, 700), (10, 250), (500, 130)] {
        let kept = wal_per_event(&db, batch, true).await;
        let forgotten = wal_per_event(&db, batch, false).await;
        println!("batches of {batch}: {kept} bytes of WAL per event with the log, {forgotten} without");
        assert!(kept - forgotten < most, "batches of {batch}: {kept} and {forgotten}");
    }
}

/// As the server counts it for one statement, since other databases write at the same time. What it wrote with
/// images of whole pages is left out: they tell of the last checkpoint, not of the statement.
async fn wal_per_event(db: &Db, batch: i64, keep: bool) -> i64 {
    let insert = format!(
        "insert into outbox (kind, at, task_group_id, task_id, run_id, priority, retries_left, state, current_run, reason_created,
           scheduled, started, taken_until, worker_group, worker_id)
         select 3, t, gen_random_uuid(), gen_random_uuid(), 0, 4, 5, 2, 0, 0, t, t, t + interval '20 min', 'us-east-1', 'i-' || (n % 50)
         from (select n, timestamptz '2023-11-14 22:13:20' + n * interval '7.3 ms' as t from generate_series(1, {batch}) n) s"
    );
    let leave = if keep {
        "move_outbox(array(select id from outbox), $1)"
    } else {
        "delete_outbox(array(select id from outbox))"
    };
    let explain = format!("explain (analyze, wal, format json) select {leave}");
    let rounds = (1000 / batch).clamp(5, 100);
    let (mut counted, mut written) = (0, 0);
    for _ in 0..20 * rounds {
        sqlx::raw_sql(AssertSqlSafe(insert.clone())).execute(db.pool()).await.unwrap();
        let plan = sqlx::query_scalar(AssertSqlSafe(explain.clone()));
        let plan: serde_json::Value = if keep { plan.bind(now()) } else { plan }.fetch_one(db.pool()).await.unwrap();
        if plan[0]["Plan"]["WAL FPI"] == 0 {
            counted += 1;
            written += plan[0]["Plan"]["WAL Bytes"].as_i64().unwrap();
        }
        if counted == rounds {
            return written / (rounds * batch);
        }
    }
    panic!("hardly a statement wrote no images of whole pages");
}

#[tokio::test]
async fn a_relay_that_does_nothing_though_events_wait_loses_the_shard() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let (mut frozen, mut other) = (db.outbox(0), db.outbox(0));
    assert!(frozen.hold().await.unwrap());
    assert!(!other.hold().await.unwrap());
    assert_eq!(other.idle_holder().await.unwrap(), None, "nothing waits");
    db.client_create(&client(1), &By { client_id: "me".to_owned(), trace: None }, now()).await.unwrap();

    let seen = other.idle_holder().await.unwrap().unwrap();
    frozen.read(&EventFilter::everything(), 1).await.unwrap();
    assert!(!other.end_holder(seen).await.unwrap(), "it has done something since");
    let seen = other.idle_holder().await.unwrap().unwrap();
    assert!(other.end_holder(seen).await.unwrap());
    let taken = async { while !other.hold().await.unwrap() {} };
    timeout(Duration::from_secs(10), taken).await.expect("the shard is free");
    assert!(frozen.read(&EventFilter::everything(), 1).await.is_err(), "its connection is gone");
    assert!(!frozen.hold().await.unwrap(), "the other holds it now");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_put_aside_alone() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let mut outbox = db.outbox(0);
    for number in 0..3 {
        db.client_create(&client(number), &By { client_id: "me".to_owned(), trace: None }, now()).await.unwrap();
    }
    let ids = outbox.read(&EventFilter::everything(), 10).await.unwrap().ids;
    let spoil = format!("update outbox set payload = '{{}}' where id = {}", ids[1]);
    sqlx::query(AssertSqlSafe(spoil)).execute(db.pool()).await.unwrap();

    let batch = outbox.read(&EventFilter::everything(), 10).await.unwrap();
    let [(id, reason)] = &batch.unreadable[..] else { panic!("{:?}", batch.unreadable) };
    assert_eq!((batch.events.len(), *id), (2, ids[1]));
    for _ in 0..2 {
        db.add_unsendable_events(&batch.unreadable, now()).await.unwrap();
    }
    let letters = db.dead_letters(None, None, 0, 9).await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((letter.message_id.as_str(), &letter.reason, letter.tries), (id.to_string().as_str(), reason, 2));
    let row: serde_json::Value = serde_json::from_slice(&letter.body).unwrap();
    assert_eq!(row["payload"], serde_json::json!({}));
}
