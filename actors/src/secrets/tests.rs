use base::{SealingKey, TestClock};
use chrono::TimeDelta;
use db::{auth::AuditQuery, testing::TestDatabase};
use serde_json::json;

use super::*;

struct TestEnv {
    db: Db,
    clock: TestClock,
    _database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        Self { db: database.db().await, clock: TestClock::default(), _database: database }
    }

    /// The service as settings with these keys make it.
    fn door(&self, keys: &[u64]) -> Secrets {
        let keys: Vec<SealingKey> =
            keys.iter().map(|seed| SealingKey::make(&format!("key-{seed}"), &Rng::seeded(*seed))).collect();
        let ring = Arc::new(KeyRing::new(&keys).unwrap());
        Secrets::new(self.db.clone(), Arc::new(self.clock.clone()), Rng::seeded(7), ring)
    }

    fn soon(&self) -> Timestamp {
        self.clock.now() + TimeDelta::hours(1)
    }

    async fn stored(&self) -> String {
        format!("{:?}", self.db.secrets_all(None, 10).await.unwrap())
    }
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(fields) = value else { panic!("no object: {value}") };
    fields
}

async fn read(door: &Secrets, name: &str) -> Result<Value> {
    door.get(name).await.map(|open| serde_json::from_str(&open.secret).unwrap())
}

#[tokio::test]
async fn a_secret_is_read_as_it_was_set_and_stored_unreadably() {
    let env = TestEnv::start().await;
    let door = env.door(&[1]);
    let secret = json!({"pass": "hunter-2", "deep": {"n": [1, null]}});
    door.set("a/b", &object(secret.clone()), env.soon(), "me").await.unwrap();
    assert_eq!(read(&door, "a/b").await.unwrap(), secret);
    assert!(!env.stored().await.contains("hunter"));

    door.set("a/b", &object(json!({"other": true})), env.soon(), "me").await.unwrap();
    assert_eq!(read(&door, "a/b").await.unwrap(), json!({"other": true}));
    for _ in 0..2 {
        door.remove("a/b", "me").await.unwrap();
    }
    assert!(matches!(read(&door, "a/b").await, Err(SecretError::NoSuchSecret(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_set_a_new_secret_at_once_one_created_it() {
    let env = TestEnv::start().await;
    let door = env.door(&[1]);
    for round in 0..20 {
        let (name, secret) = (format!("s{round}"), Map::new());
        let set = || door.set(&name, &secret, env.soon(), "me");
        let (one, other) = tokio::join!(set(), set());
        one.and(other).unwrap();
        let history = env.db.audit(AuditQuery::Entity { kind: "secret", id: &name }, None, 10).await.unwrap();
        let actions: Vec<&str> = history.iter().map(|row| row.action_type.as_str()).collect();
        assert_eq!(actions, ["created", "updated"], "round {round}");
    }
}

#[tokio::test]
async fn an_expired_secret_is_neither_read_nor_listed() {
    let env = TestEnv::start().await;
    let door = env.door(&[1]);
    for (name, hours) in [("c", 3), ("a", 3), ("b", 1)] {
        let expires = env.clock.now() + TimeDelta::hours(hours);
        door.set(name, &Map::new(), expires, "me").await.unwrap();
    }
    env.clock.advance(TimeDelta::hours(2));
    assert!(matches!(read(&door, "b").await, Err(SecretError::NoSuchSecret(_))));
    let first = door.list(PageAfter { after: None, limit: 1 }).await.unwrap();
    assert_eq!((first.rows, first.next.as_deref()), (vec!["a".to_owned()], Some("a")));
    let rest = door.list(PageAfter { after: first.next, limit: 1 }).await.unwrap();
    assert_eq!((rest.rows, rest.next), (vec!["c".to_owned()], None));
}

#[tokio::test]
async fn a_new_key_takes_over_and_the_old_one_can_go() {
    let env = TestEnv::start().await;
    let secret = object(json!({"pass": "hunter-2"}));
    env.door(&[1]).set("a", &secret, env.soon(), "me").await.unwrap();
    assert!(matches!(read(&env.door(&[2]), "a").await, Err(SecretError::Sealed { .. })));

    let both = env.door(&[1, 2]);
    assert_eq!(both.reseal().await.unwrap(), 1);
    assert_eq!(both.reseal().await.unwrap(), 0);

    assert_eq!(read(&env.door(&[2]), "a").await.unwrap(), Value::Object(secret));
    assert!(env.stored().await.contains("key-2"));
}

#[tokio::test]
async fn a_sealed_text_moved_to_another_name_stays_shut() {
    let env = TestEnv::start().await;
    let door = env.door(&[1]);
    door.set("mine", &object(json!({"a": 1})), env.soon(), "me").await.unwrap();
    let stored = env.db.secret_get("mine", env.clock.now()).await.unwrap().unwrap();
    let moved = StoredSecret { name: "yours".to_owned(), ..stored };
    env.db.secret_set(&moved, "thief", env.clock.now()).await.unwrap();
    assert!(matches!(read(&door, "yours").await, Err(SecretError::Sealed { .. })));
}

#[tokio::test]
async fn the_history_records_who_changed_a_secret() {
    let env = TestEnv::start().await;
    let door = env.door(&[1]);
    for by in ["one", "two"] {
        door.set("a", &Map::new(), env.soon(), by).await.unwrap();
    }
    for _ in 0..2 {
        door.remove("a", "three").await.unwrap();
    }
    let history = env.db.audit(AuditQuery::Entity { kind: "secret", id: "a" }, None, 10).await.unwrap();
    let actions: Vec<_> = history.iter().map(|row| (row.client_id.as_str(), row.action_type.as_str())).collect();
    assert_eq!(actions, [("one", "created"), ("two", "updated"), ("three", "deleted")]);
}
