mod routes;

use base::TestClock;
use chrono::TimeDelta;
use db::{notify::StoredNotification, outbox::EventFilter, testing::TestDatabase};
use protocol::{
    error::ErrorCode,
    event::EventPayload,
    notify::{Email, Notification, NotificationKind, NotificationState, PulseMessage, Template},
};
use serde_json::json;

use super::*;
use crate::kit::PageAfter;

struct TestEnv {
    notify: Notify,
    db: Db,
    clock: TestClock,
    _database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let (db, clock) = (database.db().await, TestClock::default());
        let wakeups = Wakeups { relay: Notifier::none(), delivery: Notifier::none() };
        let notify = Notify::new(db.clone(), Arc::new(clock.clone()), Rng::seeded(1), wakeups);
        Self { notify, db, clock, _database: database }
    }

    async fn stored(&self) -> Vec<StoredNotification> {
        self.db.notifications(None, None, None, 1000).await.unwrap().readable
    }
}

fn email(address: &str, subject: &str) -> Notification {
    Notification::Email(Email {
        address: address.to_owned(),
        subject: subject.to_owned(),
        content: "c".to_owned(),
        link: None,
        reply_to: None,
        template: Template::Simple,
    })
}

fn pulse(key: &str, text: &str) -> Notification {
    let message = json!({ "text": text }).as_object().unwrap().clone();
    Notification::Pulse(PulseMessage { routing_key: key.to_owned(), message })
}

#[tokio::test]
async fn a_message_is_published_once_and_is_not_delivered() {
    let env = TestEnv::start().await;
    assert!(matches!(env.notify.send(&pulse("a.b", "x")).await.unwrap(), Accepted::Stored(_)));
    let repeated = env.notify.send(&pulse("a.b", "x")).await.unwrap();
    assert_eq!(repeated, Accepted::Suppressed(Suppressed::Duplicate));
    let read = env.db.outbox(0).read(&EventFilter::everything(), 10).await.unwrap();
    let EventPayload::Service(event) = &read.events[0].payload else { panic!("{read:?}") };
    assert_eq!((event.routing_key.as_str(), &event.cc[..]), ("primary.a.b", &["route.a.b".to_owned()][..]));
    assert_eq!((event.body.as_str(), read.events.len()), (r#"{"message":{"text":"x"},"version":1}"#, 1));
    assert_eq!(env.stored().await[0].state, NotificationState::Sent);
}

#[tokio::test]
async fn a_message_that_could_never_be_sent_is_refused_before_it_is_stored() {
    let env = TestEnv::start().await;
    for bad in [pulse(&"é".repeat(51), "x"), pulse("a", &"x".repeat(1_000_000)), email("a@b\r\nc", "s")] {
        let error = env.notify.send(&bad).await.unwrap_err();
        assert!(error.code() == ErrorCode::InputError && error.to_string().contains("/payload/"), "{error}");
    }
    assert!(env.stored().await.is_empty());
}

#[tokio::test]
async fn other_content_is_no_duplicate_even_with_the_same_text() {
    let env = TestEnv::start().await;
    let slack = |blocks| json!({ "channelId": "C1", "text": "same", "blocks": blocks });
    let slack = |blocks| Notification::Slack(serde_json::from_value(slack(blocks)).unwrap());
    for block in [json!([]), json!([{ "type": "divider" }])] {
        assert!(matches!(env.notify.send(&slack(block)).await.unwrap(), Accepted::Stored(_)));
    }
    let repeated = env.notify.send(&slack(json!([]))).await.unwrap();
    assert_eq!(repeated, Accepted::Suppressed(Suppressed::Duplicate));
}

#[tokio::test]
async fn a_denied_address_is_refused_however_it_is_spelled_until_it_is_allowed() {
    let env = TestEnv::start().await;
    for _ in 0..2 {
        env.notify.deny(NotificationKind::Email, "Owner@example.com").await.unwrap();
    }
    for address in ["Owner@example.com", "owner@EXAMPLE.com"] {
        let error = env.notify.send(&email(address, "s")).await.unwrap_err();
        assert!(error.code() == ErrorCode::DenylistedAddress && error.to_string().contains(address), "{error}");
    }
    let page = env.notify.denylist(PageAfter { after: None, limit: 10 }).await.unwrap();
    assert_eq!(page.rows.iter().map(|entry| &*entry.address).collect::<Vec<_>>(), ["Owner@example.com"]);
    for _ in 0..2 {
        env.notify.allow(NotificationKind::Email, "Owner@example.com").await.unwrap();
    }
    assert!(matches!(env.notify.send(&email("owner@example.com", "s")).await.unwrap(), Accepted::Stored(_)));
}

#[tokio::test]
async fn the_deny_list_is_read_a_page_at_a_time() {
    let env = TestEnv::start().await;
    for number in 0..5 {
        env.notify.deny(NotificationKind::SlackChannel, &format!("C{number}")).await.unwrap();
        env.notify.deny(NotificationKind::Email, &format!("{number}@example.com")).await.unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = env.notify.denylist(PageAfter { after, limit: 3 }).await.unwrap();
        seen.extend(page.rows.into_iter().map(|entry| entry.address));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen[4..6], ["4@example.com", "C0"]);
    assert_eq!(seen.len(), 10);
}

#[tokio::test]
async fn two_thousand_mails_to_one_owner_are_fifty_and_one_digest_in_a_window() {
    let env = TestEnv::start().await;
    let mut stored = 0;
    for number in 0..2_000 {
        stored += i32::from(matches!(
            env.notify.send(&email("owner@example.com", &format!("task {number} failed"))).await.unwrap(),
            Accepted::Stored(_)
        ));
    }
    assert_eq!(stored, EMAILS_PER_WINDOW);
    env.clock.advance(TimeDelta::minutes(10));
    let pending = env.db.notifications(Some(NotificationState::Pending), None, None, 1000).await.unwrap();
    let digests: Vec<_> = pending.iter().filter(|row| row.is_digest).collect();
    assert_eq!((pending.len(), digests.len(), digests[0].further), (51, 1, 1_950));
}

#[tokio::test]
async fn many_at_once_with_one_source_are_one() {
    let env = TestEnv::start().await;
    let sends = (0..20).map(|number| {
        let (notify, new) = (env.notify.clone(), email("a@example.com", &format!("{number}")));
        async move { notify.send_once(&new, "the one event").await.unwrap() }
    });
    let outcomes = futures_util::future::join_all(sends).await;
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, Accepted::Stored(_))).count();
    assert_eq!((stored, env.stored().await.len()), (1, 1));
}
