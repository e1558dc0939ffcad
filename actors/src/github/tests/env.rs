//! What the tests of GitHub share.

use std::sync::Arc;

use base::{KeyRing, SealingKey, Secret, TestClock};
use db::testing::TestDatabase;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::super::*;
use crate::{
    auth::{RoleRow, Roles},
    hooks::{HooksContext, HooksSettings},
    notify::{Notify, Wakeups},
};

pub(super) const SECRET: &str = "a secret of the web hook";
pub(super) const SHA: &str = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c";

pub(super) struct TestEnv {
    pub db: Db,
    pub github: Github,
    pub clock: TestClock,
    pub database: TestDatabase,
}

impl TestEnv {
    pub(super) async fn start() -> Self {
        let database = TestDatabase::create().await;
        let db = database.db().await;
        let clock = TestClock::at("2026-11-27T12:00:00Z".parse().unwrap());
        let clients = clients(&clock);
        let hooks = hooks(&db, &clock, &clients);
        let github = Github::new(GithubContext {
            db: db.clone(),
            clock: Arc::new(clock.clone()),
            rng: Rng::seeded(1),
            clients: clients.clone(),
            auth: None,
            hooks,
            limits: TaskLimits::default(),
            notifications: Notifications::none(),
            wakeups: GithubWakeups { deliveries: Notifier::none(), reports: Notifier::none() },
            settings: GithubSettings {
                webhook_secrets: vec![Secret::from("another"), Secret::from(SECRET)],
                private_key: Secret::from("a key of the app"),
                levels: vec!["mozilla/BAL.rog=3".to_owned()],
                register_in_tree_actions: true,
                ..GithubSettings::default()
            },
            root_url: "https://tc.example.com".to_owned(),
        });
        Self { db, github, clock, database }
    }

    /// A signed delivery.
    pub(super) async fn deliver(&self, event: &str, id: &str, body: &Value) -> Result<Received> {
        let body = body.to_string();
        let signature = sign(body.as_bytes());
        let incoming =
            Incoming { event: Some(event), delivery_id: Some(id), signature: Some(&signature), body: body.as_bytes() };
        self.github.receive(&self.github.check(&incoming)?).await
    }

    /// How many rows a query finds.
    pub(super) async fn count(&self, query: &str) -> u64 {
        self.database.run(query).await
    }
}

/// Pushes to `main` and pull requests may create any task, others none.
fn clients(clock: &TestClock) -> Clients {
    let role = |end: &str| RoleRow {
        role_id: format!("repo:github.com/mozilla/bal.rog:{end}"),
        scopes: ["queue:create-task:*", "queue:route:*", "github:trigger-hook:g/h"].map(str::to_owned).to_vec(),
        description: String::new(),
        created: clock.now(),
        last_modified: clock.now(),
    };
    let mut hooks = role("branch:hooks");
    hooks.scopes = [
        "hooks:modify-hook:project-a/in-tree-action-1-generic/*",
        "hooks:modify-hook:project-a/in-tree-action-3-other/*",
    ]
    .into_iter()
    .chain(["assume:hook-id:project-a/in-tree-action-1-*", "hooks:modify-hook:project-b/*"])
    .map(str::to_owned)
    .collect();
    let roles = vec![role("branch:main"), role("branch:topic"), role("pull-request"), role("cron:nightly"), hooks];
    Clients::fixed([], "queue-token").with_roles(Roles::compile(roles).unwrap())
}

fn hooks(db: &Db, clock: &TestClock, clients: &Clients) -> Hooks {
    Hooks::new(HooksContext {
        db: db.clone(),
        clock: Arc::new(clock.clone()),
        rng: Rng::seeded(2),
        keys: Arc::new(KeyRing::new(&[SealingKey::make("key", &Rng::seeded(9))]).unwrap()),
        clients: clients.clone(),
        limits: TaskLimits::default(),
        notifications: Notifications::none(),
        auth: None,
        changed: Notifier::none(),
        notify: notify(db, clock),
        settings: HooksSettings::default(),
    })
}

fn notify(db: &Db, clock: &TestClock) -> Notify {
    let wakeups = Wakeups { relay: Notifier::none(), delivery: Notifier::none() };
    Notify::new(db.clone(), Arc::new(clock.clone()), Rng::seeded(3), wakeups)
}

pub(super) fn sign(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

pub(super) fn id(number: u64) -> String {
    format!("72d3162e-cc78-11e3-81ab-{number:012}")
}

pub(super) fn push(branch: &str) -> Value {
    json!({
        "ref": format!("refs/heads/{branch}"), "before": "0".repeat(40), "after": SHA, "deleted": false,
        "head_commit": {"message": "a change"}, "pusher": {"name": "ada"}, "commits": [],
        "repository": {"name": "bal.rog", "owner": {"login": "mozilla"}, "default_branch": "main"},
        "installation": {"id": 5},
    })
}
