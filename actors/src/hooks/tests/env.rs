//! What the tests of hooks share.

use std::sync::Arc;

use base::{Rng, SealingKey, SystemClock, TestClock};
use db::testing::TestDatabase;
use protocol::task::TaskDefinition;
use serde_json::json;

use super::super::*;
use crate::{
    auth::{RoleRow, Roles},
    notify::Wakeups,
};

pub(super) struct TestEnv {
    pub clock: TestClock,
    pub db: Db,
    pub hooks: Hooks,
    pub database: TestDatabase,
}

impl TestEnv {
    pub(super) async fn start() -> Self {
        Self::with(HooksSettings::default()).await
    }

    /// At the beginning of a minute. Hooks of the group `g` may create any task, those of other groups none.
    pub(super) async fn with(settings: HooksSettings) -> Self {
        let database = TestDatabase::create().await;
        let now = SystemClock.now();
        let clock = TestClock::at(now - chrono::TimeDelta::milliseconds(now.timestamp_millis() % 60_000));
        let db = database.db().await;
        let hooks = process(&db, &clock, settings, 1, &[key()]);
        Self { clock, db, hooks, database }
    }

    /// The service as another process has it.
    pub(super) fn another_process(&self) -> Hooks {
        process(&self.db, &self.clock, HooksSettings::default(), 2, &[key()])
    }

    /// The service with these keys.
    pub(super) fn with_keys(&self, keys: &[SealingKey]) -> Hooks {
        process(&self.db, &self.clock, HooksSettings::default(), 3, keys)
    }

    pub(super) async fn create(&self, body: HookBody) -> HookName {
        self.hooks.create(&name(), body, "me").await.unwrap();
        name()
    }

    pub(super) async fn trigger(&self, payload: serde_json::Value) -> Result<Option<protocol::id::TaskId>> {
        let client = Trigger::Client("me".to_owned());
        self.hooks.trigger(&name(), &client, object(payload)).await
    }

    pub(super) async fn fires(&self) -> Vec<FireRow> {
        let page = crate::kit::PageAfter { after: None, limit: 1000 };
        match self.hooks.fires(&name(), page).await {
            Ok(page) => page.rows,
            Err(HookError::NeverFired(_)) => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) async fn tasks(&self) -> usize {
        self.count("select 1 from task").await
    }

    pub(super) async fn definition(&self, id: protocol::id::TaskId) -> TaskDefinition {
        let rows = self.db.tasks(&[id], true).await.unwrap();
        serde_json::from_str(&rows[0].definition).unwrap()
    }

    /// How many rows a query finds.
    pub(super) async fn count(&self, query: &str) -> usize {
        usize::try_from(self.database.run(query).await).unwrap()
    }
}

fn key() -> SealingKey {
    SealingKey::make("key", &Rng::seeded(9))
}

fn process(db: &Db, clock: &TestClock, settings: HooksSettings, seed: u64, keys: &[SealingKey]) -> Hooks {
    let role = RoleRow {
        role_id: "hook-id:g/*".to_owned(),
        scopes: vec!["*".to_owned()],
        description: String::new(),
        created: clock.now(),
        last_modified: clock.now(),
    };
    let clients = Clients::fixed([], "queue-token").with_roles(Roles::compile(vec![role]).unwrap());
    Hooks::new(HooksContext {
        db: db.clone(),
        clock: Arc::new(clock.clone()),
        rng: Rng::seeded(seed),
        keys: Arc::new(KeyRing::new(keys).unwrap()),
        clients,
        auth: None,
        limits: TaskLimits::default(),
        notifications: Notifications::none(),
        changed: Notifier::none(),
        notify: notify(db, clock, seed),
        settings,
    })
}

fn notify(db: &Db, clock: &TestClock, seed: u64) -> Notify {
    let wakeups = Wakeups { relay: Notifier::none(), delivery: Notifier::none() };
    Notify::new(db.clone(), Arc::new(clock.clone()), Rng::seeded(seed).branch("notify"), wakeups)
}

pub(super) fn name() -> HookName {
    HookName::new("g", "h")
}

pub(super) fn object(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    let serde_json::Value::Object(fields) = value else { panic!("no object: {value}") };
    fields
}

pub(super) fn body(schedule: &[&str]) -> HookBody {
    HookBody {
        hook_group_id: None,
        hook_id: None,
        metadata: json!({ "name": "n", "description": "d", "owner": "o@example.com", "emailOnError": true }),
        task: json!({
            "taskQueueId": "tests/hooks",
            "payload": { "by": "${firedBy}", "now": { "$eval": "now" } },
            "metadata": { "name": "t", "description": "d", "owner": "o@example.com", "source": "https://example.com" },
        }),
        schedule: schedule.iter().map(|text| (*text).to_owned()).collect(),
        trigger_schema: json!({ "type": "object" }),
        bindings: None,
    }
}
