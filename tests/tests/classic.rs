//! A master of Buildbot 0.8, as `drover` sees it from its settings on: a real MariaDB with the tables of a master.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use base::{Clock, Rng, SystemClock};
use db::classic::{SchedulerDb, testing::TestScheduler};
use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::{Client, Drover, TestDirectory, definition, program};

const SOON: Duration = Duration::from_mins(1);
/// A password, to be looked for where it must not be.
const PASSWORD: &str = "hunter2";

/// A master of this name in a file of settings. Nobody serves its self-serve address.
fn settings(folder: &Path, database_url: &str) -> PathBuf {
    let file = folder.join("drover.toml");
    let text = format!(
        "[[bridge.masters]]\nname = \"old\"\ndriver = \"classic\"\nurl = \"http://127.0.0.1:1/self-serve\"\n\
         user = \"drover@example.com\"\ntimeout = \"5s\"\ncheck_interval_without_events = \"300ms\"\npassword = \"{PASSWORD}\"\n\n\
         [bridge.masters.classic]\ndatabase_url = \"{database_url}\"\n"
    );
    fs::write(&file, text).unwrap();
    file
}

async fn drover(settings: &Path, words: &[&str]) -> Output {
    let mut command = program();
    command.arg("--config").arg(settings).args(words);
    tokio::time::timeout(SOON, command.output()).await.unwrap().unwrap()
}

fn said(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    assert!(!said.contains(PASSWORD), "{said}");
    said
}

async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(SOON, waiting).await.is_ok(), "{what}");
}

async fn state(client: &Client, task: TaskId) -> Value {
    client.status(task).await["state"].clone()
}

/// The master has had a request for this builder, which is how it is known.
async fn know(db: &SchedulerDb, builder: &str) {
    let order = db::classic::ClassicOrder {
        id_string: "nightly".to_owned(),
        key: String::new(),
        builder: builder.to_owned(),
        priority: 0,
        reason: "The Nightly scheduler".to_owned(),
        stamp: db::classic::ClassicStamp::default(),
        properties: vec![],
        submitted_at: 1,
    };
    db.create(&order).await.unwrap();
}

#[tokio::test]
async fn a_build_of_an_old_master_is_a_task_from_settings_to_end() {
    let Some(scheduler) = TestScheduler::create("a whole env with an old master").await else { return };
    let db = SchedulerDb::new(scheduler.url(), 2, SOON).unwrap();
    know(&db, "linux").await;
    let before = db.newest_request().await.unwrap();
    let folder = TestDirectory::new();
    let file = settings(folder.path(), scheduler.url());
    let drover_dev = Drover::start(folder.path(), &["--workers", "0", "--config", file.to_str().unwrap()]).await;
    let client = drover_dev.client();
    let task = TaskId::from_random(Rng::system().uuid_bytes());
    let payload = json!({"builderName": "linux", "sourcestamp": {"branch": "projects/cedar"}});
    let more = json!({"payload": payload, "scopes": ["buildbot:build:old/linux"]});
    client.create(task, &definition("buildbot/old", &more)).await.unwrap().ok();
    until("the build is requested", async || db.newest_request().await.unwrap() > before).await;
    let request = db.newest_request().await.unwrap().unwrap();
    let now = || SystemClock.now().timestamp();
    let builds = scheduler.start(&[request], 5, now()).await;
    until("the task runs", async || state(&client, task).await == "running").await;
    scheduler.stop(&builds, now()).await;
    scheduler.retire(&[request], 0, now()).await;
    until("the task ends", async || state(&client, task).await == "completed").await;
    drover_dev.stop().await;

    let data = folder.path().join("data");
    let status = drover(&file, &["bridge", "status", "--data-dir", data.to_str().unwrap()]).await;
    let words = said(&status);
    assert!(status.status.success() && words.contains("master old: Up since"), "{words}");
}

#[tokio::test]
async fn an_old_master_is_checked_from_the_command_line() {
    let Some(scheduler) = TestScheduler::create("checking an old master").await else { return };
    let folder = TestDirectory::new();
    let file = settings(folder.path(), scheduler.url());
    let checked = drover(&file, &["bridge", "check"]).await;
    let words = said(&checked);
    assert_eq!(checked.status.code(), Some(1), "{words}");
    for problem in [
        "Buildbot 0.8 with",
        "`buildsets.external_idstring` has no index",
        "builds cannot be cancelled",
        "no builder is known",
    ] {
        assert!(words.contains(problem), "{problem}: {words}");
    }
    know(&SchedulerDb::new(scheduler.url(), 1, SOON).unwrap(), "linux").await;
    let builders = said(&drover(&file, &["bridge", "builders"]).await);
    assert!(builders.contains("linux  ready"), "{builders}");
    let schedule = drover(&file, &["bridge", "schedule"]).await;
    assert!(said(&schedule).contains("does not list its schedulers"));

    scheduler.run("drop table builds").await;
    let words = said(&drover(&file, &["bridge", "check"]).await);
    assert!(words.contains("it lacks builds.id, builds.number"), "{words}");
    let denied = scheduler.url().replace("//root@", &format!("//nobody:{PASSWORD}@"));
    let file = settings(folder.path(), &denied);
    let words = said(&drover(&file, &["bridge", "check"]).await);
    assert!(words.contains("refuses the login") && words.contains("its scheduler database"), "{words}");
    let words = said(&drover(&settings(folder.path(), "mysql:/nowhere"), &["bridge", "check"]).await);
    assert!(words.contains("`classic.database_url`") && words.contains("expected mysql://"), "{words}");
}
