//! `drover preflight` with real servers: what is wrong is said before anything is started.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Stdio;

use base::environment;
use db::testing::TestDatabase;
use serde_json::Value;
use tests::program;

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz";
const KEYS: &str = r#"[{"id": "first", "key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}]"#;
/// Nothing listens there.
const NOWHERE: &str = "127.0.0.1:9";

/// What was found, by its name, and the exit code.
struct Found(i32, Vec<Value>);

impl Found {
    fn check(&self, name: &str) -> &Value {
        self.1.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no `{name}` in {:?}", self.1))
    }

    fn outcome(&self, name: &str) -> &str {
        self.check(name)["outcome"].as_str().unwrap()
    }

    /// Message and fix.
    fn words(&self, name: &str) -> String {
        let check = self.check(name);
        format!("{} {}", check["message"].as_str().unwrap(), check["fix"].as_str().unwrap_or_default())
    }

    fn assert_failed(&self, name: &str, exit: i32, words: &[&str]) {
        let said = self.words(name);
        assert_eq!((self.outcome(name), self.0), ("failed", exit), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
}

/// With everything that is needed but for `changes`.
async fn preflight(flags: &[&str], changes: &[(&str, &str)]) -> Found {
    run("preflight", flags, changes).await
}

async fn run(name: &str, flags: &[&str], changes: &[(&str, &str)]) -> Found {
    let mut command = program();
    command.args([name, "-o", "json"]).args(flags).stdout(Stdio::piped());
    command
        .env("DROVER__AUTH__ROOT_CREDENTIALS", format!("static/root:{TOKEN}"))
        .env("DROVER__AUTH__QUEUE_ACCESS_TOKEN", TOKEN)
        .env("DROVER__AUTH__SEALING_KEYS", KEYS)
        .env("DROVER__API__ROOT_URL", "https://ci.example.com")
        .envs(changes.iter().copied());
    let output = command.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr)));
    let code = output.status.code().unwrap();
    assert_eq!(report["ready"], code == 0, "{text}");
    for failed in report["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == "failed") {
        let words = format!("{failed}");
        assert!(failed["fix"].is_string() || words.contains("setting"), "no fix: {failed}");
        assert!(!words.contains(TOKEN) && !words.contains("MDEyMzQ1"), "{words}");
    }
    Found(code, report["checks"].as_array().unwrap().clone())
}

#[tokio::test]
async fn missing_and_wrong_settings_are_named() {
    let found = preflight(&[], &[("DROVER__AUTH__SEALING_KEYS", "[]")]).await;
    found.assert_failed("settings", 2, &["`database.url`", "DROVER__AUTH__SEALING_KEYS"]);
    assert_eq!(found.outcome("database"), "failed");

    let mysql = ("DROVER__DATABASE__URL", "mysql://u:p@host/drover");
    let found = preflight(&[], &[mysql, ("DROVER__API__ROOT_URL", "ci.example.com/x")]).await;
    found.assert_failed("root URL", 2, &["`api.root_url`", "https://ci.example.com"]);
    found.assert_failed("database", 2, &["database.url", "PostgreSQL only"]);

    let key = ("DROVER__AUTH__SEALING_KEYS", r#"[{"id": "first", "key": "c2hvcnQ="}]"#);
    preflight(&[], &[mysql, key]).await.assert_failed("keys", 2, &["auth.sealing_keys", "32 bytes"]);
    let unknown = preflight(&[], &[("DROVER__DATABASE__URI", "x")]).await;
    unknown.assert_failed("settings", 2, &["database.uri"]);
}

#[tokio::test]
async fn servers_that_are_away_are_named_with_their_settings() {
    let away = [
        ("DROVER__DATABASE__URL", format!("postgresql://u:p@{NOWHERE}/drover")),
        ("DROVER__BUS__AMQP_URL", format!("amqp://u:p@{NOWHERE}/%2f")),
        ("DROVER__OBJECT__S3__BUCKET", "artifacts".to_owned()),
        ("DROVER__OBJECT__S3__ENDPOINT", format!("http://{NOWHERE}")),
        ("DROVER__OBJECT__S3__ACCESS_KEY_ID", "id".to_owned()),
        ("DROVER__OBJECT__S3__SECRET_ACCESS_KEY", "secret".to_owned()),
    ];
    let away: Vec<(&str, &str)> = away.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let found = preflight(&[], &away).await;
    found.assert_failed("database", 3, &["`database.url`"]);
    found.assert_failed("broker", 3, &["`bus.amqp_url`", "RabbitMQ"]);
    found.assert_failed("bucket", 3, &["artifacts", "object.s3"]);
}

#[tokio::test]
async fn a_new_database_is_ready_for_the_upgrade_and_then_for_processes() {
    let database = TestDatabase::empty().await;
    let url = ("DROVER__DATABASE__URL", database.url());
    preflight(&[], &[url]).await.assert_failed("version", 1, &["behind", "drover db upgrade"]);
    let found = preflight(&["--before-upgrade"], &[url]).await;
    assert_eq!((found.0, found.outcome("version")), (0, "ok"), "{:?}", found.1);
    preflight(&["--several-processes"], &[url]).await.assert_failed("broker", 1, &["`bus.amqp_url`", "bus-amqp-url"]);

    let upgraded = program().args(["db", "upgrade"]).env(url.0, url.1).output().await.unwrap();
    assert!(upgraded.status.success());
    let found = preflight(&[], &[url]).await;
    assert_eq!((found.0, found.outcome("version")), (0, "ok"), "{:?}", found.1);
    assert_eq!([found.outcome("broker"), found.outcome("bucket"), found.outcome("same root URL")], ["skipped"; 3]);
}

#[tokio::test]
async fn a_database_ahead_is_right_as_long_as_it_has_what_is_called() {
    let database = TestDatabase::create().await;
    let url = ("DROVER__DATABASE__URL", database.url());
    database.run("update drover.schema_version set version = 999").await;
    let found = preflight(&[], &[url]).await;
    assert_eq!(found.0, 0, "{:?}", found.1);
    assert!(found.words("version").contains("999, ahead of"), "{}", found.words("version"));
    database.run("drop function drover.hook_groups").await;
    preflight(&[], &[url]).await.assert_failed("version", 1, &["hook_groups", "a newer one"]);
}

#[tokio::test]
async fn a_user_without_rights_gets_the_statements_that_grant_them() {
    let database = TestDatabase::create().await;
    // Roles are of the whole server.
    let role = database.url().rsplit_once("dbname=").unwrap().1.replace("test", "reader");
    let create = format!(
        "create role {role} login; grant usage on schema drover to {role}; grant select on all tables in schema drover to {role}"
    );
    database.run(&create).await;
    let user = preflight(&["--before-upgrade"], &[("DROVER__DATABASE__URL", &url_of(database.url(), &role))]).await;
    database.run(&format!("drop owned by {role}; drop role {role}")).await;
    user.assert_failed("database", 4, &["lacks rights", "grant select, insert, update, delete on all tables", &role]);
}

/// The same database in another role: the servers of tests let nobody else in.
fn url_of(url: &str, role: &str) -> String {
    format!("{url}&options[role]={role}")
}

#[tokio::test]
async fn keys_and_root_url_have_to_be_those_of_the_database() {
    let database = TestDatabase::create().await;
    let url = ("DROVER__DATABASE__URL", database.url());
    database
        .run(
            r#"insert into drover.hook (hook_group_id, hook_id, definition, bindings, generation, trigger_token, next_task_id, created, last_modified)
               values ('drover', 'rerun', '{"task": {"metadata": {"source": "https://old.example/hooks/drover/rerun"}}}', '[]', 1,
                       '{"kid": "lost", "v": 1, "nonce": "", "box": ""}', '{}', now(), now())"#,
        )
        .await;
    let found = preflight(&[], &[url]).await;
    found.assert_failed("keys in use", 2, &["lost", "`auth.sealing_keys`"]);
    found.assert_failed("same root URL", 2, &["https://old.example", "https://ci.example.com", "--new-root-url"]);
    assert_eq!(preflight(&["--new-root-url"], &[url]).await.outcome("same root URL"), "warning");
    let same = ("DROVER__API__ROOT_URL", "https://old.example");
    assert_eq!(preflight(&[], &[url, same]).await.outcome("same root URL"), "ok");
}

#[tokio::test]
async fn the_broker_is_asked_with_the_users_own_rights() {
    let Some(amqp) = environment::variable("DROVER_TEST_AMQP_URL") else {
        println!("SKIPPED: the broker of `drover preflight`; it needs DROVER_TEST_AMQP_URL");
        return;
    };
    let database = TestDatabase::create().await;
    let url = ("DROVER__DATABASE__URL", database.url());
    let found = preflight(&["--several-processes"], &[url, ("DROVER__BUS__AMQP_URL", &amqp)]).await;
    assert_eq!((found.0, found.outcome("broker")), (0, "ok"), "{:?}", found.1);
    let (before, place) = amqp.rsplit_once('@').unwrap();
    let wrong = format!("{}:wrong@{place}", before.rsplit_once(':').unwrap().0);
    let found = preflight(&[], &[url, ("DROVER__BUS__AMQP_URL", &wrong)]).await;
    found.assert_failed("broker", 3, &["`bus.amqp_url`", "password"]);
}

#[tokio::test]
async fn the_doctor_also_looks_at_the_server_of_the_database() {
    let database = TestDatabase::create().await;
    let url = ("DROVER__DATABASE__URL", database.url());
    let found = run("doctor", &[], &[url]).await;
    assert_eq!(found.0, 0, "{:?}", found.1);
    for name in ["version", "clock", "connections", "freezing", "dead rows"] {
        assert_eq!(found.outcome(name), "ok", "{}", found.words(name));
    }
    assert_ne!(found.outcome("autovacuum"), "failed", "{}", found.words("autovacuum"));
    let away = ("DROVER__DATABASE__URL", "postgresql://u:p@127.0.0.1:9/drover");
    run("doctor", &[], &[away]).await.assert_failed("database", 3, &["`database.url`"]);
}
