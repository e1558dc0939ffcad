use chrono::{DateTime, TimeDelta};
use protocol::notify::{Acceptance, NotificationKind::Email, NotificationState};

use super::*;
use crate::testing::TestDatabase;

const LIMIT: i32 = 3;

fn now() -> Timestamp {
    DateTime::from_timestamp_millis(1_700_000_000_000).unwrap()
}

fn email(number: u128, address: &str, text: &str) -> NewNotification {
    NewNotification {
        id: Uuid::from_u128(number),
        digest_id: Uuid::from_u128(1000 + number),
        kind: Email,
        address: address.to_owned(),
        summary: text.to_owned(),
        content: text.to_owned(),
        content_hash: format!("{address} {text}").into_bytes(),
        source: None,
        message: None,
    }
}

async fn accepted(db: &Db, new: &NewNotification, now: Timestamp) -> Acceptance {
    db.notify_accept(new, LIMIT, now).await.unwrap().0
}

async fn take(db: &Db, now: Timestamp) -> Vec<StoredNotification> {
    let taken = db.notify_take(Email, TimeDelta::zero(), TimeDelta::minutes(1), 10, now).await.unwrap();
    taken.readable
}

fn lease(row: &StoredNotification) -> Lease {
    Lease { id: row.id, attempt: row.attempts }
}

fn finish(state: NotificationState, is_hard: bool) -> Finish<'static> {
    Finish { state, reason: "550 no such user", is_hard, denied_for: TimeDelta::days(7) }
}

#[tokio::test]
async fn a_destination_is_served_in_order_and_others_do_not_wait_for_it() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    for (number, address, text) in [(1, "a@x", "1"), (2, "A@x", "2"), (3, "b@x", "3")] {
        assert_eq!(accepted(&db, &email(number, address, text), now()).await, Acceptance::Stored);
    }
    let mut first = take(&db, now()).await;
    first.sort_by_key(|row| row.id);
    assert_eq!(first.iter().map(|row| &*row.content).collect::<Vec<_>>(), ["1", "3"]);
    assert!(take(&db, now()).await.is_empty(), "both are leased");
    let later = now() + TimeDelta::seconds(30);
    assert!(db.notify_retry(lease(&first[0]), later, "451 later", false, now()).await.unwrap());
    assert!(db.notify_finish(lease(&first[1]), finish(NotificationState::Sent, false), now()).await.unwrap());
    assert!(take(&db, now()).await.is_empty(), "the second waits for the first");
    let again = take(&db, later).await;
    assert_eq!((again.len(), &*again[0].content, again[0].attempts), (1, "1", 2));
    assert!(!db.notify_finish(lease(&first[0]), finish(NotificationState::Sent, false), now()).await.unwrap());
    assert!(db.notify_finish(lease(&again[0]), finish(NotificationState::Sent, false), later).await.unwrap());
    assert_eq!(take(&db, later).await[0].content, "2");
}

#[tokio::test]
async fn a_lease_that_ends_is_taken_by_another() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    accepted(&db, &email(1, "a@x", "1"), now()).await;
    let lost = take(&db, now()).await;
    let later = now() + TimeDelta::seconds(61);
    let taken = take(&db, later).await;
    assert_eq!(taken[0].attempts, 2);
    assert!(!lost[0].is_ambiguous && taken[0].is_ambiguous, "it may have arrived");
    assert!(!db.notify_retry(lease(&lost[0]), later, "late", false, later).await.unwrap(), "the fence holds");
}

#[tokio::test]
async fn what_is_beyond_the_limit_comes_in_one_digest_when_the_window_ends() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    for number in 1..=3 {
        let new = email(number, "a@x", &number.to_string());
        assert_eq!(accepted(&db, &new, now()).await, Acceptance::Stored);
    }
    for number in 4..=40 {
        let new = email(number, "a@x", &number.to_string());
        assert_eq!(accepted(&db, &new, now()).await, Acceptance::RateLimited);
    }
    let (mut sent, mut at) = (Vec::new(), now());
    for _ in 0..10 {
        for row in take(&db, at).await {
            db.notify_finish(lease(&row), finish(NotificationState::Sent, false), at).await.unwrap();
            sent.push(row);
        }
        at += TimeDelta::minutes(2);
    }
    assert_eq!(sent.iter().map(|row| row.further).collect::<Vec<_>>(), [0, 0, 0, 37]);
    assert!(sent[3].is_digest && sent[3].further_summaries.len() == 20, "{:?}", sent[3]);
    assert_eq!(accepted(&db, &email(99, "a@x", "99"), at).await, Acceptance::Stored, "another window");
}

#[tokio::test]
async fn the_same_content_within_ten_minutes_is_a_duplicate_and_is_counted() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    assert_eq!(accepted(&db, &email(1, "a@x", "same"), now()).await, Acceptance::Stored);
    let found = db.notify_accept(&email(2, "a@x", "same"), LIMIT, now() + TimeDelta::minutes(9)).await.unwrap();
    assert_eq!(found, (Acceptance::Duplicate, Some(Uuid::from_u128(1))));
    let set_back = accepted(&db, &email(3, "a@x", "same"), now() - TimeDelta::minutes(9)).await;
    assert_eq!(set_back, Acceptance::Duplicate);
    assert_eq!(db.notification(Uuid::from_u128(1)).await.unwrap().unwrap().duplicates, 2);
    assert_eq!(accepted(&db, &email(4, "a@x", "same"), now() + TimeDelta::minutes(11)).await, Acceptance::Stored);
}

#[tokio::test]
async fn one_source_gives_one_notification_whatever_became_of_it() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    db.notify_deny(Email, "a@X", now()).await.unwrap();
    let with_source = |number| NewNotification { source: Some("task 0".to_owned()), ..email(number, "A@x", "t") };
    let first = db.notify_accept(&with_source(1), LIMIT, now()).await.unwrap();
    assert_eq!(first, (Acceptance::Denied, Some(Uuid::from_u128(1))));
    db.notify_allow(Email, "a@X").await.unwrap();
    let again = db.notify_accept(&with_source(2), LIMIT, now() + TimeDelta::days(1)).await.unwrap();
    assert_eq!(again, (Acceptance::Duplicate, Some(Uuid::from_u128(1))));
    assert_eq!(accepted(&db, &email(3, "A@x", "t"), now()).await, Acceptance::Stored);
}

#[tokio::test]
async fn an_address_that_refuses_three_times_in_a_day_is_denied_for_a_while() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    for number in 1..=3 {
        assert_eq!(accepted(&db, &email(number, "a@x", &number.to_string()), now()).await, Acceptance::Stored);
        let row = take(&db, now()).await.remove(0);
        assert!(db.notify_finish(lease(&row), finish(NotificationState::Failed, true), now()).await.unwrap());
    }
    assert_eq!(accepted(&db, &email(4, "a@x", "4"), now()).await, Acceptance::Denied);
    let denied = db.notify_denials(None, 10, now()).await.unwrap();
    assert!(denied[0].reason.as_deref().unwrap().contains("550 no such user"), "{denied:?}");
    let later = now() + TimeDelta::days(8);
    assert_eq!(accepted(&db, &email(5, "a@x", "5"), later).await, Acceptance::Stored);
    assert!(db.notify_denials(None, 10, later).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_waits_for_a_day_fails_with_its_last_answer_and_is_deleted_later() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    accepted(&db, &email(1, "a@x", "1"), now()).await;
    let row = take(&db, now()).await.remove(0);
    db.notify_retry(lease(&row), now() + TimeDelta::hours(1), "451 later", false, now()).await.unwrap();
    assert_eq!(db.notify_give_up(10, now() + TimeDelta::hours(23)).await.unwrap(), 0);
    assert_eq!(db.notify_give_up(10, now() + TimeDelta::hours(25)).await.unwrap(), 1);
    let failed = db.notification(row.id).await.unwrap().unwrap();
    assert_eq!(failed.state, NotificationState::Failed);
    assert!(failed.reason.unwrap().ends_with("451 later") && failed.content == "1");
    assert_eq!(db.expire_notifications(10, now() + TimeDelta::days(29)).await.unwrap(), 1, "the window");
    assert_eq!(db.expire_notifications(10, now() + TimeDelta::days(31)).await.unwrap(), 1);
    assert_eq!(db.notification(row.id).await.unwrap(), None);
}
