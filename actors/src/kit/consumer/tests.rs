//! Batches, retries and dead letters.

use std::sync::Mutex;

use base::TestClock;
use bus::{ContentType, Exchange, MemoryBus};
use db::{Db, testing::TestDatabase};

use super::*;
use crate::kit::{Supervisor, SupervisorHandle};

const SOON: Duration = Duration::from_secs(20);
const QUEUE: &str = "test/queue";
const EXCHANGE: &str = "test/exchange";

/// Consumes texts: `temporary` fails twice, `permanent` always, and `unreadable` cannot be decoded.
struct Texts {
    consumed: Arc<Mutex<Vec<Vec<String>>>>,
    temporary: Arc<Mutex<u32>>,
}

#[derive(Debug, thiserror::Error)]
enum TextError {
    #[error("later")]
    Temporary,
    #[error("never")]
    Permanent,
}

impl Consumer for Texts {
    type Item = String;
    type Error = TextError;

    fn subscription(&self) -> Subscription {
        Subscription::durable(QUEUE).bind(EXCHANGE, "#").confirm_after_ack()
    }

    async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        bus.declare(Exchange::topic(EXCHANGE)).await
    }

    fn decode(&self, message: &Message) -> Result<Option<String>, String> {
        let text = String::from_utf8(message.body.to_vec()).unwrap();
        match &*text {
            "unreadable" => Err("it is not readable".to_owned()),
            "ignored" => Ok(None),
            _ => Ok(Some(text)),
        }
    }

    async fn consume(&mut self, items: &[String]) -> Result<(), TextError> {
        if items.iter().any(|text| text == "permanent") {
            return Err(TextError::Permanent);
        }
        let mut left = self.temporary.lock().unwrap();
        if items.iter().any(|text| text == "temporary") && *left > 0 {
            *left -= 1;
            return Err(TextError::Temporary);
        }
        self.consumed.lock().unwrap().push(items.to_vec());
        Ok(())
    }

    fn is_permanent(error: &TextError) -> bool {
        matches!(error, TextError::Permanent)
    }
}

struct TestEnv {
    bus: Arc<dyn Bus>,
    db: Db,
    consumed: Arc<Mutex<Vec<Vec<String>>>>,
    actors: SupervisorHandle,
    _database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let (db, bus) = (database.db().await, Arc::new(MemoryBus::default()) as Arc<dyn Bus>);
        let consumed = Arc::<Mutex<Vec<Vec<String>>>>::default();
        let dead_letters = Some(DeadLetters::new(db.clone(), Arc::new(TestClock::default()), QUEUE));
        let context = ConsumerContext { bus: bus.clone(), rng: Rng::seeded(1), dead_letters };
        let (to_actor, temporary) = (consumed.clone(), Arc::new(Mutex::new(2)));
        let make = move || Texts { consumed: to_actor.clone(), temporary: temporary.clone() };
        let actors = Supervisor::start(vec![context.child("test/consumer", make)], Rng::seeded(2)).await;
        Self { bus, db, consumed, actors, _database: database }
    }

    /// Returns once all are acknowledged.
    async fn publish(&self, texts: &[&str]) {
        let message = |text: &&str| Message {
            exchange: EXCHANGE.into(),
            routing_key: "key".to_owned(),
            cc: Vec::new(),
            content_type: ContentType::Json,
            body: (*text).to_owned().into(),
            id: String::new(),
            replayed: false,
        };
        let messages: Vec<Message> = texts.iter().map(message).collect();
        self.bus.publish(&messages, SOON).await.unwrap();
    }

    fn consumed(&self) -> Vec<String> {
        self.consumed.lock().unwrap().concat()
    }

    async fn dead_letters(&self) -> Vec<(String, String)> {
        let rows = self.db.dead_letters(Some(QUEUE), None, 0, 9).await.unwrap();
        rows.into_iter().map(|row| (String::from_utf8(row.body).unwrap(), row.reason)).collect()
    }
}

#[tokio::test]
async fn what_was_delivered_by_now_is_one_batch() {
    let env = TestEnv::start().await;
    env.publish(&["1", "ignored", "2", "3"]).await;
    assert_eq!(env.consumed(), ["1", "2", "3"]);
    env.actors.stop(SOON).await;
}

#[tokio::test]
async fn after_a_temporary_error_the_batch_is_retried_in_order() {
    let env = TestEnv::start().await;
    env.publish(&["1", "temporary", "2"]).await;
    assert_eq!(env.consumed(), ["1", "temporary", "2"]);
    assert_eq!(env.dead_letters().await, []);
    env.actors.stop(SOON).await;
}

#[tokio::test]
async fn what_cannot_be_consumed_is_dead_lettered_and_the_rest_is_consumed_in_order() {
    let env = TestEnv::start().await;
    env.publish(&["1", "permanent", "unreadable", "2"]).await;
    assert_eq!(env.consumed(), ["1", "2"]);
    let mut letters = env.dead_letters().await;
    letters.sort();
    let texts = [("permanent", "it is refused: never"), ("unreadable", "it cannot be read: it is not readable")];
    assert_eq!(letters, texts.map(|(body, reason)| (body.to_owned(), reason.to_owned())));
    env.actors.stop(SOON).await;
}
