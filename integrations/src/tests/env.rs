//! A database, a clock, and a server that says what the test wants.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use actors::{
    kit::{Next, Notifier, Periodic},
    notify::{Notify, Wakeups},
};
use base::{Rng, TestClock};
use chrono::TimeDelta;
use db::{Db, notify::StoredNotification, testing::TestDatabase};
use protocol::notify::{Email, Notification, Template};

use crate::{Channel, Deliverer, deliver::Delivering};

pub(super) struct TestEnv {
    pub db: Db,
    pub clock: TestClock,
    pub notify: Notify,
    _database: TestDatabase,
}

impl TestEnv {
    pub(super) async fn start() -> Self {
        let database = TestDatabase::create().await;
        let (db, clock) = (database.db().await, TestClock::default());
        let wakeups = Wakeups { relay: Notifier::none(), delivery: Notifier::none() };
        let notify = Notify::new(db.clone(), Arc::new(clock.clone()), Rng::seeded(1), wakeups);
        Self { db, clock, notify, _database: database }
    }

    pub(super) fn deliverer(&self, channel: impl Channel) -> Delivering {
        Delivering::new(Deliverer {
            db: self.db.clone(),
            clock: Arc::new(self.clock.clone()),
            rng: Rng::seeded(2),
            channel: Arc::new(channel),
            interval: std::time::Duration::from_secs(1),
            denied_for: TimeDelta::days(30),
        })
    }

    /// Runs until nothing is due.
    pub(super) async fn run(&self, delivering: &mut Delivering) {
        while delivering.run().await.unwrap() == Next::AGAIN {}
    }

    pub(super) async fn stored(&self) -> Vec<StoredNotification> {
        let mut rows = self.db.notifications(None, None, None, 1000).await.unwrap().readable;
        rows.sort_by_key(|row| (row.created, row.address.clone()));
        rows
    }

    pub(super) fn later(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }
}

pub(super) fn email(address: &str, subject: &str) -> Notification {
    Notification::Email(Email {
        address: address.to_owned(),
        subject: subject.to_owned(),
        content: "**bold** <b>text</b>".to_owned(),
        link: None,
        reply_to: None,
        template: Template::Simple,
    })
}

/// Answers, each given once; then the last one again.
#[derive(Clone)]
pub(super) struct Script<T>(Arc<Mutex<VecDeque<T>>>);

impl<T: Clone> Script<T> {
    pub(super) fn new(answers: impl IntoIterator<Item = T>) -> Self {
        Self(Arc::new(Mutex::new(answers.into_iter().collect())))
    }

    pub(super) fn next(&self) -> T {
        let mut answers = self.0.lock().unwrap();
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
    }
}
